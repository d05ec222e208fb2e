"""The titles and details of errors, in both languages, by code."""

from __future__ import annotations

from marketplace.core.errors import Code

# code: ((title ru, detail ru), (title en, detail en))
PROBLEMS: dict[Code, tuple[tuple[str, str], tuple[str, str]]] = {
    Code.MALFORMED_REQUEST: (
        ("Запрос не разобран", "Сервер не смог разобрать запрос."),
        ("Malformed request", "The server could not make sense of the request."),
    ),
    Code.MALFORMED_JSON: (
        ("Тело запроса не разобрано", "Тело запроса должно быть одним правильным документом JSON."),
        ("Malformed JSON", "The request body must be one valid JSON document."),
    ),
    Code.DUPLICATE_PARAMETER: (
        ("Повторённое имя", "Каждое имя можно передать только один раз."),
        ("Duplicate name", "Each name may be given only once."),
    ),
    Code.TOKEN_REQUIRED: (
        (
            "Нужен вход",
            (
                "Передайте access-токен в заголовке Authorization: Bearer …; токен в теле "
                "запроса или в адресе не учитывается."
            ),
        ),
        (
            "Sign-in required",
            (
                "Send the access token in the Authorization: Bearer … header; a token in the body "
                "or in the query string is ignored."
            ),
        ),
    ),
    Code.TOKEN_INVALID: (
        (
            "Токен не принят",
            (
                "Токен в заголовке Authorization не действителен. Токен передаётся только в этом "
                "заголовке, в виде «Bearer <access-токен>»."
            ),
        ),
        (
            "Token not accepted",
            (
                "The token in the Authorization header is not valid. A token travels in that "
                "header only, as “Bearer <access token>”."
            ),
        ),
    ),
    Code.TOKEN_EXPIRED: (
        ("Срок токена истёк", "Получите новый access-токен по refresh-токену."),
        ("Token expired", "Get a new access token with the refresh token."),
    ),
    Code.TOKEN_REVOKED: (
        ("Сеанс завершён", "Этот сеанс завершён. Войдите снова."),
        ("Session ended", "This session has ended. Sign in again."),
    ),
    Code.REFRESH_TOKEN_INVALID: (
        ("Refresh-токен не принят", "Refresh-токен не действителен или истёк. Войдите снова."),
        ("Refresh token not accepted", "The refresh token is invalid or expired. Sign in again."),
    ),
    Code.REFRESH_TOKEN_REUSED: (
        (
            "Refresh-токен уже использован",
            "Этот refresh-токен уже был обменян. Сеанс завершён ради безопасности, войдите снова.",
        ),
        (
            "Refresh token already used",
            (
                "This refresh token was exchanged before. The session is ended for safety; sign in "
                "again."
            ),
        ),
    ),
    Code.WRONG_CREDENTIALS: (
        ("Вход не выполнен", "Неверное имя пользователя или пароль."),
        ("Sign-in failed", "Wrong user name or password."),
    ),
    Code.WRONG_PASSWORD: (
        ("Неверный пароль", "Нынешний пароль указан неверно."),
        ("Wrong password", "The present password is wrong."),
    ),
    Code.CODE_INVALID: (
        ("Код не подошёл", "Код неверный, истёк или уже использован. Запросите новый."),
        ("Code not accepted", "The code is wrong, expired or used. Ask for a new one."),
    ),
    Code.IDENTITY_TOKEN_INVALID: (
        ("Вход не подтверждён", "Ответ провайдера не прошёл проверку. Начните вход заново."),
        ("Sign-in not proven", "The provider's answer did not pass. Start the sign-in again."),
    ),
    Code.REAUTHENTICATION_REQUIRED: (
        ("Подтвердите, что это вы", "Передайте пароль или войдите заново и повторите."),
        ("Prove that it is you", "Give the password, or sign in again and repeat."),
    ),
    Code.ACCOUNT_BLOCKED: (
        ("Учётная запись заблокирована", "Обратитесь в поддержку."),
        ("Account blocked", "Please contact support."),
    ),
    Code.WRONG_ROLE: (
        ("Недостаточно прав", "Это действие доступно другой роли."),
        ("Wrong role", "This action is open to another role."),
    ),
    Code.NOT_FOUND: (
        ("Не найдено", "Такого адреса или объекта нет."),
        ("Not found", "There is no such address or object."),
    ),
    Code.PROVIDER_NOT_CONFIGURED: (
        ("Вход недоступен", "Вход через этого провайдера здесь не настроен."),
        ("Sign-in not offered", "Signing in with this provider is not set up here."),
    ),
    Code.METHOD_NOT_ALLOWED: (
        ("Метод не поддерживается", "Допустимые методы перечислены в заголовке Allow."),
        ("Method not allowed", "The allowed methods are listed in the Allow header."),
    ),
    Code.CONFLICT: (
        ("Конфликт", "Действие противоречит нынешнему состоянию данных."),
        ("Conflict", "The action conflicts with the present state of the data."),
    ),
    Code.USERNAME_TAKEN: (
        ("Имя занято", "Пользователь с таким именем уже есть."),
        ("User name taken", "There is already a user of this name."),
    ),
    Code.EMAIL_TAKEN: (
        ("Почта занята", "Пользователь с такой почтой уже есть."),
        ("E-mail taken", "There is already a user with this e-mail."),
    ),
    Code.PHONE_TAKEN: (
        ("Телефон занят", "Пользователь с таким телефоном уже есть."),
        ("Phone taken", "There is already a user with this phone."),
    ),
    Code.CONTACT_MISSING: (
        ("Нечего подтверждать", "У учётной записи нет такого адреса или номера."),
        ("Nothing to verify", "The account has no such address or number."),
    ),
    Code.IDENTITY_TAKEN: (
        ("Вход уже привязан", "Этот вход привязан к другой учётной записи, или здесь есть другой."),
        ("Already linked", "It is linked to another account, or another one is linked here."),
    ),
    Code.LAST_WAY_IN: (
        ("Последний способ входа", "Сначала задайте пароль или привяжите другой вход."),
        ("Last way in", "Set a password or link another sign-in first."),
    ),
    Code.SLOT_TAKEN: (
        ("Время занято", "Это время только что заняли; ближайшее свободное — в nearest."),
        ("Time taken", "This time is taken; the nearest free starts are in nearest."),
    ),
    Code.HOLD_EXPIRED: (
        ("Бронь времени истекла", "Время больше не удерживается. Выберите его снова."),
        ("Hold expired", "The time is no longer held. Choose it again."),
    ),
    Code.TOO_MANY_HOLDS: (
        ("Слишком много броней", "Одновременно можно удерживать не больше двух слотов."),
        ("Too many holds", "At most two slots can be held at once."),
    ),
    Code.WRONG_STATE: (
        ("Действие недоступно", "В нынешнем состоянии записи это действие невозможно."),
        ("Action not possible", "The booking's present state does not allow this action."),
    ),
    Code.TOO_LATE_TO_CANCEL: (
        ("Отменить уже нельзя", "Срок, до которого клиент может отменить запись, прошёл."),
        ("Too late to cancel", "The time until which a client may cancel has passed."),
    ),
    Code.TOO_LATE_TO_RESCHEDULE: (
        ("Перенести уже нельзя", "Срок, до которого клиент может перенести запись, прошёл."),
        ("Too late to reschedule", "The time until which a client may reschedule has passed."),
    ),
    Code.EXCEPTION_OVERLAPS: (
        ("Даты уже заняты", "На эти даты уже есть исключение из расписания."),
        ("Dates overlap", "There is already an exception on some of these dates."),
    ),
    Code.IDEMPOTENCY_IN_FLIGHT: (
        ("Запрос ещё выполняется", "Запрос с этим ключом ещё выполняется. Повторите позже."),
        ("Request in flight", "The request with this key is still running. Repeat it later."),
    ),
    Code.PRECONDITION_FAILED: (
        (
            "Данные изменились",
            "Объект изменился с тех пор, как вы его прочли. Прочтите его снова и повторите.",
        ),
        (
            "Data has changed",
            "The object has changed since you read it. Read it again and retry.",
        ),
    ),
    Code.PAYLOAD_TOO_LARGE: (
        (
            "Слишком большой запрос",
            "Тело запроса больше допустимого: 64 КиБ для JSON, 5 МиБ для фото.",
        ),
        (
            "Payload too large",
            "The request body is larger than allowed: 64 KiB for JSON, 5 MiB for a photo.",
        ),
    ),
    Code.UNSUPPORTED_MEDIA_TYPE: (
        (
            "Неподдерживаемый тип данных",
            "Передайте тело запроса как application/json в UTF-8, файл — как multipart/form-data.",
        ),
        (
            "Unsupported media type",
            "Send the request body as application/json in UTF-8, a file as multipart/form-data.",
        ),
    ),
    Code.INVALID_FIELDS: (
        ("Проверьте данные", "Некоторые поля заполнены неверно, смотрите errors."),
        ("Invalid fields", "Some fields are not valid, see errors."),
    ),
    Code.SLOT_NOT_OFFERED: (
        ("Время не предлагается", "Почему — в rule; ближайшее предлагаемое время — в nearest."),
        ("Time not offered", "The reason is in rule; the nearest offered starts are in nearest."),
    ),
    Code.IDEMPOTENCY_KEY_REUSED: (
        ("Ключ уже использован", "С этим Idempotency-Key был другой запрос. Возьмите новый ключ."),
        ("Key already used", "This Idempotency-Key came with another request. Use a new one."),
    ),
    Code.TOO_MANY_REQUESTS: (
        ("Слишком много запросов", "Повторите позже: через сколько секунд, сказано в Retry-After."),
        ("Too many requests", "Try again later: Retry-After says in how many seconds."),
    ),
    Code.HEADERS_TOO_LARGE: (
        ("Слишком большие заголовки", "Заголовки запроса больше допустимого."),
        ("Headers too large", "The request headers are larger than allowed."),
    ),
    Code.INTERNAL_ERROR: (
        ("Ошибка сервера", "Ошибка записана, мы её исправим. Повторите позже."),
        ("Server error", "The error is logged and will be fixed. Try again later."),
    ),
    Code.NOT_IMPLEMENTED: (
        ("Не поддерживается", "Сервер не умеет выполнить такой запрос."),
        ("Not implemented", "The server cannot carry out such a request."),
    ),
    Code.SERVICE_UNAVAILABLE: (
        ("Сервис временно недоступен", "Повторите запрос через несколько секунд."),
        ("Service unavailable", "Repeat the request in a few seconds."),
    ),
    Code.PROVIDER_UNAVAILABLE: (
        ("Провайдер не отвечает", "Сервис входа сейчас не отвечает. Повторите через минуту."),
        ("Provider unavailable", "The sign-in provider does not answer. Repeat in a minute."),
    ),
}
