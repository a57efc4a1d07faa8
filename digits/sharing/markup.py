"""index.html with changes for a page that no server of this project sends."""

from digits.paths import PAGE


class Markup:
    """The text of index.html; a change that no longer fits it raises ValueError, so that a test fails."""

    def __init__(self, text: str):
        self.text = text

    @classmethod
    def of_page(cls) -> "Markup":
        return cls((PAGE / "index.html").read_text(encoding="utf-8"))

    def replace(self, old: str, new: str) -> None:
        """Replace the only `old`."""
        if self.text.count(old) != 1:
            raise ValueError(f"index.html has {old!r} {self.text.count(old)} times, not once")
        self.text = self.text.replace(old, new)

    def add_policy(self, policy: str) -> None:
        """Add a Content-Security-Policy, which a server would send as a header."""
        charset = '<meta charset="utf-8">'
        self.replace(charset, f'{charset}\n  <meta http-equiv="Content-Security-Policy" content="{policy}">')
