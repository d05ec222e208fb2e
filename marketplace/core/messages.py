"""Every text a person may read in an answer: Russian and English, by key.

What is wrong with a field stands here, titles and details of errors in `problem_texts.py`.
"""

from __future__ import annotations

from marketplace.core.errors import Code, Message
from marketplace.core.problem_texts import PROBLEMS

LANGUAGES = ("ru", "en")
DEFAULT_LANGUAGE = "ru"

FIELDS: dict[str, tuple[str, str]] = {
    "required": ("Обязательное поле.", "This field is required."),
    "null": ("Поле не может быть null.", "This field may not be null."),
    "unknown": ("Неизвестное поле.", "Unknown field."),
    "unknown_parameter": ("Неизвестный параметр.", "Unknown parameter."),
    "object": ("Ожидается объект JSON.", "A JSON object is expected."),
    "list": ("Ожидается список.", "A list is expected."),
    "string": ("Ожидается строка.", "A string is expected."),
    "number": ("Ожидается число.", "A number is expected."),
    "integer": ("Ожидается целое число.", "A whole number is expected."),
    "boolean": ("Ожидается true или false.", "true or false is expected."),
    "control_characters": (
        "Недопустимые символы: управляющие или повреждённые.",
        "Characters not allowed: control characters or broken ones.",
    ),
    "too_short": ("Не короче {min} симв.", "At least {min} characters."),
    "too_long": ("Не длиннее {max} симв.", "At most {max} characters."),
    "range": ("Допустимо от {min} до {max}.", "Allowed from {min} to {max}."),
    "choice": ("Допустимые значения: {choices}.", "Allowed values: {choices}."),
    "too_many_items": ("Не больше {max} элементов.", "At most {max} items."),
    "money": (
        "Ожидается сумма от 0.00 до 99999999.99, не больше двух знаков после точки.",
        "An amount from 0.00 to 99999999.99 with at most two decimal places is expected.",
    ),
    "email": ("Это не адрес электронной почты.", "This is not an e-mail address."),
    "phone": (
        "Это не номер телефона; укажите его в виде +79161234567.",
        "This is not a phone number; give it as +79161234567.",
    ),
    "code_verifier": (
        "Ожидается от 43 до 128 знаков: латинские буквы, цифры, - и _.",
        "43 to 128 characters are expected: Latin letters, digits, - and _.",
    ),
    "https_url": ("Ожидается ссылка https://…", "An https://… link is expected."),
    "date": ("Ожидается дата вида 2026-11-24.", "A date such as 2026-11-24 is expected."),
    "moment": (
        "Ожидается момент по RFC 3339 со смещением: 2026-11-24T10:00:00+03:00.",
        "A moment as in RFC 3339 with an offset is expected: 2026-11-24T10:00:00+03:00.",
    ),
    "offset_missing": (
        "Укажите смещение от UTC: 2026-11-24T10:00:00+03:00.",
        "Give the offset from UTC: 2026-11-24T10:00:00+03:00.",
    ),
    "wall_time": ("Ожидается время вида 10:30.", "A time such as 10:30 is expected."),
    "dates_reversed": (
        "Последняя дата раньше первой.",
        "The last date is before the first.",
    ),
    "bounds_reversed": (
        "Верхняя граница меньше нижней.",
        "The upper bound is below the lower one.",
    ),
    "point": (
        "Ожидаются широта и долгота через запятую: 55.7558,37.6176.",
        "A latitude and a longitude with a comma between are expected: 55.7558,37.6176.",
    ),
    "too_many_days": ("Не больше {max} дн.", "At most {max} days."),
    "interval_reversed": (
        "Интервал кончается раньше, чем начинается.",
        "The interval ends before it starts.",
    ),
    "without_available_on": (
        "Имеет смысл только вместе с available_on.",
        "This goes with available_on only.",
    ),
    "date_in_the_past": ("Эта дата уже прошла.", "This date has passed."),
    "date_too_far": (
        "Так далеко вперёд не записывает никто.",
        "Nobody takes bookings so far ahead.",
    ),
    "intervals_overlap": ("Интервалы пересекаются.", "The intervals overlap."),
    "visible_ascii": (
        "Ожидается от 1 до {max} видимых символов ASCII.",
        "1 to {max} visible ASCII characters are expected.",
    ),
    "hold_alone": (
        "Передайте либо hold, либо service и starts_at.",
        "Give either hold, or service and starts_at.",
    ),
    "timezone": (
        "Неизвестный часовой пояс; ожидается имя вида Europe/Moscow.",
        "Unknown time zone; a name such as Europe/Moscow is expected.",
    ),
    "taken": ("Уже занято другим пользователем.", "Already taken by another user."),
    "consent_required": (
        "Примите условия, чтобы зарегистрироваться.",
        "Agree to the terms to register.",
    ),
    "consent_kept": (
        "От условий отказываются удалением учётной записи.",
        "The terms are left by erasing the account.",
    ),
    "contact_missing": ("Укажите почту или телефон.", "Give an e-mail or a phone."),
    "empty_patch": ("Укажите хотя бы одно поле.", "Give at least one field."),
    "username_characters": (
        "Допустимы буквы, цифры и символы @ . + - _",
        "Letters, digits and @ . + - _ are allowed.",
    ),
    "username_scripts": (
        "Буквы должны быть одного алфавита.",
        "All letters must be of one alphabet.",
    ),
    "username_contact": (
        "Имя не должно быть похоже на почту или телефон.",
        "The name must not look like an e-mail or a phone.",
    ),
    "password_digits": (
        "Пароль не должен состоять из одних цифр.",
        "The password must not be all digits.",
    ),
    "password_common": ("Слишком простой пароль.", "The password is too common."),
    "password_personal": (
        "Пароль не должен повторять имя, почту или телефон.",
        "The password must not repeat the user name, the e-mail or the phone.",
    ),
    "password_same": (
        "Новый пароль совпадает с нынешним.",
        "The new password is the same as the present one.",
    ),
    "password_wrong": ("Неверный пароль.", "Wrong password."),
    "code_digits": ("Ожидается шесть цифр.", "Six digits are expected."),
    "category_unknown": ("Такой категории нет.", "There is no such category."),
    "cursor": (
        "Курсор не подходит: берите его из заголовка Link того же списка.",
        "The cursor does not fit: take it from the Link header of the same list.",
    ),
    "file": ("Ожидается файл.", "A file is expected."),
    "image_format": (
        "Ожидается изображение JPEG, PNG или WebP.",
        "A JPEG, PNG or WebP image is expected.",
    ),
    "image_unreadable": (
        "Изображение повреждено или неполно.",
        "The image is damaged or incomplete.",
    ),
    "image_too_large": (
        "Не больше {max} мегапикселей (WebP — 10) и {side} точек по стороне.",
        "At most {max} megapixels (WebP: 10) and {side} pixels a side.",
    ),
    "image_infected": (
        "Файл не прошёл проверку на вирусы.",
        "The file did not pass the virus scan.",
    ),
    "push_token": (
        "Это не токен push-сообщений: в нём только латинские буквы, цифры и знаки.",
        "This is no push token: those hold only Latin letters, digits and signs.",
    ),
    "duplicate": ("Имя «{name}» передано дважды.", "The name “{name}” is given twice."),
}

# Texts that are neither: answers and names.
TEXTS: dict[str, tuple[str, str]] = {
    "registered": ("Регистрация прошла успешно", "Registration succeeded"),
    "slot_offered": ("Это время можно занять.", "This time can be booked."),
    "slot_in_the_past": ("Это время уже прошло.", "This time has passed."),
    "slot_no_hours": (
        "Специалист ещё не указал рабочие часы.",
        "The specialist has not set any working hours yet.",
    ),
    "slot_day_off": ("В этот день выходной.", "This day is a day off."),
    "slot_outside_hours": (
        "В это время специалист не работает.",
        "The specialist does not work at this time.",
    ),
    "slot_off_the_step": (
        "Записи начинаются в другие минуты.",
        "Bookings start at other minutes.",
    ),
    "slot_does_not_fit": (
        "Услуга не успеет закончиться до конца рабочего времени.",
        "The service would not end within working time.",
    ),
    "slot_too_soon": ("Записаться нужно заранее.", "Bookings are to be made earlier."),
    "slot_too_far": ("Так далеко записи ещё нет.", "Bookings are not open that far ahead."),
    "slot_taken": ("Это время занято.", "This time is taken."),
    "unknown_device": ("Неизвестное устройство", "Unknown device"),
}


def problem_texts(code: Code, language: str) -> tuple[str, str]:
    """Title and detail of an error in the language."""
    return PROBLEMS[code][LANGUAGES.index(language)]


def field_text(message: Message, language: str) -> str:
    """What is wrong with a field, in the language."""
    return FIELDS[message.key][LANGUAGES.index(language)].format(**message.values)


def text(key: str, language: str) -> str:
    """Any other text in the language."""
    return TEXTS[key][LANGUAGES.index(language)]
