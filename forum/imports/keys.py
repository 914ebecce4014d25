"""Keyed hashes of what an import must know again: items, authors, files. Nothing can be read back from them."""

import hashlib
import hmac


class Keys:
    """Makes 32-byte hashes; `secret` is the site's SECRET_KEY. A site that changes it imports everything anew."""

    def __init__(self, secret: str) -> None:
        self._secret = hashlib.sha256(b"import:" + secret.encode()).digest()

    def of(self, *parts: bytes | str) -> bytes:
        """The hash of the parts, in this order."""
        mac = hmac.new(self._secret, digestmod="sha256")
        for part in parts:
            data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
            mac.update(len(data).to_bytes(8) + data)
        return mac.digest()
