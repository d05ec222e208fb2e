"""Names of people: full names with the right gender forms, and usernames spelled from them."""

from __future__ import annotations

from random import Random


def _words(listed: str) -> tuple[str, ...]:
    return tuple(listed.split())


WOMEN = _words(
    "Анна Мария Елена Ольга Наталья Екатерина Татьяна Ирина Светлана Юлия Дарья Анастасия"
    " Виктория Полина Ксения Алина Марина Людмила Вера Надежда Любовь Галина Софья Алиса"
    " Вероника Евгения Кристина Валерия Маргарита Яна Алёна Арина Диана Жанна Зоя Инна"
    " Камилла Лариса Лидия Майя Нина Оксана Раиса Тамара Ульяна Эльвира Амина Гульнара"
)
MEN = _words(
    "Александр Дмитрий Сергей Андрей Алексей Максим Иван Михаил Николай Евгений Артём Илья"
    " Кирилл Павел Роман Денис Антон Владимир Виктор Константин Олег Игорь Юрий Никита"
    " Тимофей Матвей Егор Фёдор Пётр Семён Степан Григорий Борис Вадим Валерий Виталий"
    " Глеб Даниил Лев Марк Руслан Станислав Тимур Эдуард Ярослав Ильдар Марат Рустам"
)
# Men's forms; `feminine` makes the women's.
SURNAMES = _words(
    "Иванов Смирнов Кузнецов Попов Васильев Петров Соколов Михайлов Новиков Фёдоров Морозов"
    " Волков Алексеев Лебедев Семёнов Егоров Павлов Козлов Степанов Николаев Орлов Андреев"
    " Макаров Никитин Захаров Зайцев Соловьёв Борисов Яковлев Григорьев Романов Воробьёв"
    " Сергеев Кузьмин Фролов Александров Дмитриев Королёв Гусев Киселёв Ильин Максимов"
    " Поляков Сорокин Виноградов Ковалёв Белов Медведев Антонов Тарасов Жуков Баранов"
    " Филиппов Комаров Давыдов Беляев Герасимов Богданов Осипов Сидоров Матвеев Титов Марков"
    " Миронов Крылов Куликов Карпов Власов Мельников Денисов Гаврилов Тихонов Казаков"
    " Афанасьев Данилов Савельев Тимофеев Фомин Чернов Абрамов Мартынов Ефимов Федотов"
    " Щербаков Назаров Калинин Исаев Чернышёв Быков Маслов Родионов Коновалов Лазарев Воронин"
    " Климов Филатов Пономарёв Голубев Кудрявцев Прохоров Наумов Потапов Журавлёв Овчинников"
    " Хабибуллин Сафин Галиев Ахметов Каримов Валеев Шарипов"
    " Достоевский Островский Вишневский Чайковский Садовский Залесский Троицкий Заболоцкий"
    " Толстой Полевой Луговой Горный Чёрный Белый Крутой"
    " Коваленко Шевченко Бондаренко Ткаченко Савченко Ковальчук Шевчук Полищук"
    " Черных Седых Русских Долгих Ли Пак Ким Цой Мкртчян Петросян"
)
# A father's name gives the child one of two patronymics: the son's and the daughter's.
PATRONYMICS = (
    ("Александрович", "Александровна"),
    ("Сергеевич", "Сергеевна"),
    ("Владимирович", "Владимировна"),
    ("Николаевич", "Николаевна"),
    ("Андреевич", "Андреевна"),
    ("Алексеевич", "Алексеевна"),
    ("Викторович", "Викторовна"),
    ("Иванович", "Ивановна"),
    ("Михайлович", "Михайловна"),
    ("Юрьевич", "Юрьевна"),
    ("Дмитриевич", "Дмитриевна"),
    ("Анатольевич", "Анатольевна"),
    ("Петрович", "Петровна"),
    ("Игоревич", "Игоревна"),
    ("Павлович", "Павловна"),
    ("Олегович", "Олеговна"),
    ("Ильич", "Ильинична"),
    ("Рустамович", "Рустамовна"),
)

_FEMININE_ENDINGS = (
    (("ов", "ев", "ёв", "ин"), 0, "а"),
    (("ский", "цкий"), 2, "ая"),
    (("ой", "ый"), 2, "ая"),
)
# "Цой" ends like an adjective and is none.
_UNCHANGING = frozenset({"Цой"})

_LATIN = str.maketrans(
    {
        pair[0]: pair[1:]
        for pair in _words(
            "аa бb вv гg дd еe ёe жzh зz иi йy кk лl мm нn оo пp рr сs тt уu фf хkh цts чch шsh"
            " щshch ъ ыy ь эe юyu яya"
        )
    }
)


def feminine(surname: str) -> str:
    """A woman's form of a man's surname; those that do not change come back as they are."""
    if surname in _UNCHANGING:
        return surname
    for endings, dropped, added in _FEMININE_ENDINGS:
        if surname.endswith(endings):
            return surname[: len(surname) - dropped] + added
    return surname


def latin(value: str) -> str:
    """Russian letters spelled in lower-case Latin ones."""
    return value.lower().translate(_LATIN)


def full_name(random: Random, *, woman: bool) -> tuple[str, str]:
    """A full name as people write it, one in four with a patronymic; and its username stem."""
    first = random.choice(WOMEN if woman else MEN)
    surname = random.choice(SURNAMES)
    last = feminine(surname) if woman else surname
    patronymic = random.choice(PATRONYMICS)[woman]
    middle = f" {patronymic}" if random.random() < 0.25 else ""  # noqa: PLR2004
    return f"{first}{middle} {last}", f"{latin(first)}_{latin(last)}"
