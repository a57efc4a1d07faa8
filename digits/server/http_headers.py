"""Headers that every response of the server carries."""

SERVER_NAME = "digits"  # the page looks for it before it offers what only this server can do
# The page loads nothing from another host and runs no inline script; nobody may frame it.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ALWAYS = {
    "Server": SERVER_NAME,
    "Cache-Control": "no-cache",  # revalidate every time: a file changes every second
}
_WITH_CONTENT = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def _lines(fields: dict[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items())


# A client keeps the headers that came with the file, so a 304 needs no others: a third of the bytes of an idle poll.
NOT_MODIFIED = _lines(_ALWAYS)
CONTENT = _lines(_ALWAYS | _WITH_CONTENT)
