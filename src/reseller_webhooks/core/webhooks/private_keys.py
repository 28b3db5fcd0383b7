"""Private keys with which a webhook's client signs assertions: which keys, and with what algorithm.

JSON Web Algorithms, RFC 7518, 3.1.
"""

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from reseller_webhooks.core.errors import BadValue
from reseller_webhooks.core.messages.webhooks import PRIVATE_KEY_ENCRYPTED, PRIVATE_KEY_INVALID

RSA_BITS_MIN = 2048
_CURVES: Mapping[str, str] = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


def algorithm_of(pem: str) -> str:
    """The algorithm that the key signs with. Raises BadValue if it cannot be used."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except TypeError:  # a passphrase is missing
        raise BadValue(PRIVATE_KEY_ENCRYPTED()) from None
    except Exception:  # the parser raises errors of many kinds, some of OpenSSL's own
        raise BadValue(PRIVATE_KEY_INVALID()) from None
    match key:
        case RSAPrivateKey() if key.key_size >= RSA_BITS_MIN:
            return "RS256"
        case EllipticCurvePrivateKey() if key.curve.name in _CURVES:
            return _CURVES[key.curve.name]
    raise BadValue(PRIVATE_KEY_INVALID())
