from actors import Actor, assert_problem


def test_a_service_can_be_made_and_found(specialist: Actor, anonymous: Actor) -> None:
    made = specialist.new_service()

    found = anonymous.get("/api/services/?name=МАСС")

    assert [row["id"] for row in found.get_json()] == [made["id"]]
    assert_problem(anonymous.post("/api/auth/services/"), 401, "token_required")
