"""Where `cheonggu listen` posts a callback: the user's own address, with the callbackUrl's query string."""

from __future__ import annotations

from urllib.parse import urlsplit

from cheonggu.domain.url import parse_target


class ForwardTo:
    """An address such as `localhost:3000/cb`. Raises ValueError, with a sentence, for what is none."""

    def __init__(self, text: str) -> None:
        url = text if "://" in text else f"http://{text}"
        parse_target(url)
        self.url = url.partition("#")[0]
        self._has_path = bool(urlsplit(self.url).path)

    def of(self, callback_url: str) -> str:
        """The address for a callback: its query string byte for byte, and its path where ours has none."""
        there, mark, query = callback_url.partition("#")[0].partition("?")
        ours, own_mark, own_query = self.url.partition("?")
        path = "" if self._has_path else urlsplit(there).path
        queries = [part for part, given in ((own_query, own_mark), (query, mark)) if given]
        return ours + path + ("?" + "&".join(queries) if queries else "")
