"""What each kind of notification says, in Russian and in English, as Jinja templates. Pure.

The title heads a push and an e-mail, `short` is the whole of an SMS and the body of a push, the
letter is the text of an e-mail, a paragraph a string.
"""

from __future__ import annotations

from typing import NamedTuple


class Phrase(NamedTuple):
    """One kind in one language."""

    title: str
    short: str
    letter: tuple[str, ...]


FOOTERS = {
    "ru": "{{ brand }}. Письмо отправлено автоматически, отвечать на него не нужно.",
    "en": "{{ brand }}. This message was sent automatically, there is no need to answer it.",
}
_NOT_YOU_RU = "Если это были не вы, сразу смените пароль и завершите чужие сеансы в приложении."
_NOT_YOU_EN = (
    "If this was not you, change your password at once and end the other sessions in the app."
)
_KEEP_RU = "Никому не называйте код, даже сотрудникам. Если вы его не запрашивали, не отвечайте."
_KEEP_EN = "Tell the code to nobody, staff included. If you did not ask for it, do nothing."


def _told(title: str, short: str, *more: str) -> Phrase:
    """A letter that says what the short text says, and perhaps more."""
    return Phrase(title, short, (short, *more))


RUSSIAN = {
    "booking_requested": _told(
        "Новая заявка",
        "Новая заявка: {{ service }}, {{ starts_at }}. Подтвердите или отклоните её.",
        "Заявка без ответа истечёт, когда наступит её время.",
    ),
    "booking_created": _told("Новая запись", "Новая запись: {{ service }}, {{ starts_at }}."),
    "booking_waits": _told(
        "Заявка отправлена",
        "Заявка отправлена: {{ service }}, {{ starts_at }}. Ждём ответа специалиста.",
    ),
    "booking_confirmed": _told("Вы записаны", "Вы записаны: {{ service }}, {{ starts_at }}."),
    "booking_declined": _told(
        "Заявка отклонена",
        "Специалист не сможет вас принять: {{ service }}, {{ starts_at }}.",
        "В приложении можно выбрать другое время или другого специалиста.",
    ),
    "booking_cancelled": _told(
        "Запись отменена", "Запись отменена: {{ service }}, {{ starts_at }}."
    ),
    "booking_rescheduled": _told(
        "Запись перенесена", "Запись перенесена: {{ service }}, теперь {{ starts_at }}."
    ),
    "booking_move_requested": _told(
        "Просьба о переносе",
        "Клиент просит перенос: {{ service }}, на {{ starts_at }}. Подтвердите или отклоните.",
    ),
    "booking_expired": _told(
        "Заявка истекла", "Специалист не ответил на заявку: {{ service }}, {{ starts_at }}."
    ),
    "reminder_24h": _told(
        "Напоминание о записи", "Напоминаем о записи: {{ service }}, {{ starts_at }}."
    ),
    "reminder_2h": _told("Скоро запись", "Скоро запись: {{ service }}, {{ starts_at }}."),
    "code_email": Phrase(
        "Код подтверждения почты",
        "{{ brand }}: код {{ code }} подтверждает почту. Никому его не называйте.",
        ("Код подтверждения почты: {{ code }}", "Код действует 10 минут.", _KEEP_RU),
    ),
    "code_phone": Phrase(
        "Код подтверждения телефона",
        "{{ brand }}: код {{ code }}. Никому его не называйте.",
        ("Код подтверждения телефона: {{ code }}", "Код действует 10 минут.", _KEEP_RU),
    ),
    "code_password": Phrase(
        "Код для нового пароля",
        "{{ brand }}: код {{ code }} для нового пароля. Никому его не называйте.",
        ("Код для нового пароля: {{ code }}", "Код действует 10 минут.", _KEEP_RU),
    ),
    "password_changed": _told(
        "Пароль изменён", "Пароль вашей учётной записи {{ brand }} изменён.", _NOT_YOU_RU
    ),
    "password_reset": _told(
        "Пароль задан заново",
        "Пароль вашей учётной записи {{ brand }} задан заново по коду, все сеансы завершены.",
        "Если это были не вы, сразу восстановите пароль: код придёт на эту почту или телефон.",
    ),
    "email_changed": _told(
        "Почта изменена",
        "Почта вашей учётной записи {{ brand }} изменена на {{ destination }}.",
        _NOT_YOU_RU,
    ),
    "phone_changed": _told(
        "Телефон изменён",
        "Телефон вашей учётной записи {{ brand }} изменён на {{ destination }}.",
        _NOT_YOU_RU,
    ),
    "new_device": _told(
        "Вход с нового устройства",
        "Вход в {{ brand }} с нового устройства: {{ device }}, {{ ip }}, {{ at }}.",
        _NOT_YOU_RU,
    ),
    "session_replayed": _told(
        "Сеанс завершён из-за подозрения",
        "Сеанс {{ brand }} на устройстве {{ device }} завершён: его ключ использован дважды.",
        "Так бывает, когда ключ скопирован. Войдите заново и смените пароль.",
    ),
    "identity_linked": _told(
        "Добавлен способ входа",
        "К вашей учётной записи {{ brand }} привязан вход через {{ provider }}.",
        _NOT_YOU_RU,
    ),
    "identity_unlinked": _told(
        "Убран способ входа",
        "От вашей учётной записи {{ brand }} отвязан вход через {{ provider }}.",
        _NOT_YOU_RU,
    ),
    "account_erased": _told(
        "Учётная запись удалена",
        "Ваша учётная запись {{ brand }} удалена вместе с личными данными.",
        "Предстоящие записи отменены. Это последнее письмо о ней.",
    ),
}

ENGLISH = {
    "booking_requested": _told(
        "New request",
        "New request: {{ service }}, {{ starts_at }}. Confirm or decline it.",
        "A request that nobody answers expires when its time comes.",
    ),
    "booking_created": _told("New booking", "New booking: {{ service }}, {{ starts_at }}."),
    "booking_waits": _told(
        "Request sent",
        "Request sent: {{ service }}, {{ starts_at }}. Waiting for the specialist's answer.",
    ),
    "booking_confirmed": _told("You are booked", "You are booked: {{ service }}, {{ starts_at }}."),
    "booking_declined": _told(
        "Request declined",
        "The specialist cannot take you: {{ service }}, {{ starts_at }}.",
        "In the app you can choose another time or another specialist.",
    ),
    "booking_cancelled": _told(
        "Booking cancelled", "Booking cancelled: {{ service }}, {{ starts_at }}."
    ),
    "booking_rescheduled": _told(
        "Booking moved", "Booking moved: {{ service }}, now {{ starts_at }}."
    ),
    "booking_move_requested": _told(
        "Request to move",
        "The client asks to move a booking: {{ service }}, to {{ starts_at }}."
        " Confirm or decline it.",
    ),
    "booking_expired": _told(
        "Request expired",
        "The specialist did not answer your request: {{ service }}, {{ starts_at }}.",
    ),
    "reminder_24h": _told(
        "A reminder", "A reminder of your booking: {{ service }}, {{ starts_at }}."
    ),
    "reminder_2h": _told("Soon", "Your booking is soon: {{ service }}, {{ starts_at }}."),
    "code_email": Phrase(
        "E-mail confirmation code",
        "{{ brand }}: code {{ code }} confirms your e-mail. Tell it to nobody.",
        ("Your e-mail confirmation code: {{ code }}", "It works for 10 minutes.", _KEEP_EN),
    ),
    "code_phone": Phrase(
        "Phone confirmation code",
        "{{ brand }}: code {{ code }}. Tell it to nobody.",
        ("Your phone confirmation code: {{ code }}", "It works for 10 minutes.", _KEEP_EN),
    ),
    "code_password": Phrase(
        "Code for a new password",
        "{{ brand }}: code {{ code }} for a new password. Tell it to nobody.",
        ("Your code for a new password: {{ code }}", "It works for 10 minutes.", _KEEP_EN),
    ),
    "password_changed": _told(
        "Password changed", "The password of your {{ brand }} account was changed.", _NOT_YOU_EN
    ),
    "password_reset": _told(
        "Password set anew",
        "The password of your {{ brand }} account was set anew by a code; all sessions ended.",
        "If this was not you, ask for a new password at once: the code comes to this address.",
    ),
    "email_changed": _told(
        "E-mail changed",
        "The e-mail of your {{ brand }} account was changed to {{ destination }}.",
        _NOT_YOU_EN,
    ),
    "phone_changed": _told(
        "Phone changed",
        "The phone of your {{ brand }} account was changed to {{ destination }}.",
        _NOT_YOU_EN,
    ),
    "new_device": _told(
        "Log-in from a new device",
        "Log-in to {{ brand }} from a new device: {{ device }}, {{ ip }}, {{ at }}.",
        _NOT_YOU_EN,
    ),
    "session_replayed": _told(
        "A session was ended",
        "The {{ brand }} session on {{ device }} was ended: its key was used twice.",
        "This happens when a key was copied. Sign in again and change your password.",
    ),
    "identity_linked": _told(
        "A way to sign in was added",
        "Signing in with {{ provider }} was linked to your {{ brand }} account.",
        _NOT_YOU_EN,
    ),
    "identity_unlinked": _told(
        "A way to sign in was removed",
        "Signing in with {{ provider }} was unlinked from your {{ brand }} account.",
        _NOT_YOU_EN,
    ),
    "account_erased": _told(
        "Account deleted",
        "Your {{ brand }} account was deleted with your personal data.",
        "Coming bookings are cancelled. This is the last message about it.",
    ),
}
PHRASES = {"ru": RUSSIAN, "en": ENGLISH}
KINDS = tuple(RUSSIAN)
