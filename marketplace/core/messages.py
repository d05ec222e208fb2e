"""Every text a person may read in an answer: Russian and English, by key.

`problem.<code>` holds the title and the detail of an error, `field.<reason>` what is wrong with one
field.
"""

from __future__ import annotations

from marketplace.core.errors import Code, Message

LANGUAGES = ("ru", "en")
DEFAULT_LANGUAGE = "ru"

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
        ("Слишком большой запрос", "Тело запроса больше допустимого: 64 КиБ для JSON."),
        ("Payload too large", "The request body is larger than allowed: 64 KiB for JSON."),
    ),
    Code.UNSUPPORTED_MEDIA_TYPE: (
        ("Неподдерживаемый тип данных", "Передайте тело запроса как application/json в UTF-8."),
        ("Unsupported media type", "Send the request body as application/json in UTF-8."),
    ),
    Code.INVALID_FIELDS: (
        ("Проверьте данные", "Некоторые поля заполнены неверно, смотрите errors."),
        ("Invalid fields", "Some fields are not valid, see errors."),
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
}

FIELDS: dict[str, tuple[str, str]] = {
    "required": ("Обязательное поле.", "This field is required."),
    "null": ("Поле не может быть null.", "This field may not be null."),
    "unknown": ("Неизвестное поле.", "Unknown field."),
    "unknown_parameter": ("Неизвестный параметр.", "Unknown parameter."),
    "object": ("Ожидается объект JSON.", "A JSON object is expected."),
    "list": ("Ожидается список.", "A list is expected."),
    "string": ("Ожидается строка.", "A string is expected."),
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
    "https_url": ("Ожидается ссылка https://…", "An https://… link is expected."),
    "timezone": (
        "Неизвестный часовой пояс; ожидается имя вида Europe/Moscow.",
        "Unknown time zone; a name such as Europe/Moscow is expected.",
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
    "category_unknown": ("Такой категории нет.", "There is no such category."),
    "cursor": (
        "Курсор не подходит: берите его из заголовка Link того же списка.",
        "The cursor does not fit: take it from the Link header of the same list.",
    ),
    "duplicate": ("Имя «{name}» передано дважды.", "The name “{name}” is given twice."),
}

# Texts that are neither: answers and names.
TEXTS: dict[str, tuple[str, str]] = {
    "registered": ("Регистрация прошла успешно", "Registration succeeded"),
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
