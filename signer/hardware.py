"""Private keys in a hardware module (PKCS#11): it signs and agrees, and never shows a key.

Signing and encryption keys can be there; the TLS key stays a file, because Kafka's client reads a
file. ECDSA is then as the module makes it, not deterministic. HPKE is opened with the module's ECDH
and the rest in software (`signer.suites.hpke_p256`).

A key is found by its label, the certificate's common name (`370000.g3.signing`), and is believed
only after it has signed, or agreed, as the certificate's public key demands: a label proves
nothing. An operation that fails is tried again after a new login, and after starting the module
anew, as one that lost its connection needs it; a PIN that was refused is never tried again, so that
nothing is locked.

Needs the extra `pkcs11` (python-pkcs11).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from secrets import token_bytes
from threading import Lock
from typing import Any

import pkcs11
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11 import Attribute, KeyType, ObjectClass
from pkcs11.exceptions import (
    MultipleTokensReturned,
    NoSuchToken,
    PinExpired,
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    PKCS11Error,
    UserAlreadyLoggedIn,
)
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters

from signer.ca.reading import public_key_id
from signer.directory.view import KeyUse
from signer.errors import KeyFileError
from signer.tokenkey import TokenKey, proves, unusable


class Token:
    """A logged-in token. One operation at a time: a PKCS#11 session is not for several threads.

    Args:
        module: The vendor's PKCS#11 library.
        label: The token's label.
        pin: The user's PIN.

    Raises:
        KeyFileError: `PKCS11_MODULE`, `PKCS11_TOKEN`, `PKCS11_PIN`.
    """

    def __init__(self, module: Path, label: str, pin: str) -> None:
        self._module = module
        self._label = label
        self._pin = pin
        self._lock = Lock()
        self._refused = False
        self._handles: dict[bytes, Any] = {}  # the library's types do not tell what a key can do
        self._session: pkcs11.Session | None = self._login()

    def find(self, label: str, use: KeyUse, public: ec.EllipticCurvePublicKey) -> TokenKey | None:
        """Return the private key of a public key, None when the token has none of that label.

        Args:
            label: The certificate's common name.
            use: Signing or encryption; the key must prove that it can do what this needs.
            public: The public key that it must belong to.

        Raises:
            KeyRingError: `KEY_UNUSABLE` when the token fails.
        """
        key = TokenKey(self, label, use, public)
        with self._lock:
            try:
                handle = self._look_up(key)
            except (PKCS11Error, KeyFileError) as error:
                raise unusable(label, type(error).__name__) from error
            if handle is None:
                return None
            self._handles[public_key_id(public)] = handle
        return key

    def generate(self, label: str, use: KeyUse) -> TokenKey:
        """Make a key on the token that never leaves it.

        Args:
            label: The common name its certificate will have.
            use: Signing or encryption; an encryption key signs too, once, for its request.

        Raises:
            KeyRingError: `KEY_UNUSABLE` when the token cannot.
        """
        curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
        name = token_bytes(16)
        private = {
            Attribute.SENSITIVE: True,
            Attribute.EXTRACTABLE: False,
            Attribute.SIGN: True,
            Attribute.DERIVE: use is KeyUse.ENCRYPTION,
        }
        with self._lock:
            try:
                parameters = self._alive().create_domain_parameters(KeyType.EC, curve, local=True)
                public, handle = parameters.generate_keypair(
                    store=True, label=label, id=name, private_template=private
                )
                der = encode_ec_public_key(public)
            except (PKCS11Error, KeyFileError) as error:
                raise unusable(label, type(error).__name__) from error
            found = load_der_public_key(der)
            if not isinstance(found, ec.EllipticCurvePublicKey):
                raise unusable(label, "it made no P-256 key")
            self._handles[public_key_id(found)] = handle
        return TokenKey(self, label, use, found)

    def run(self, key: TokenKey, operation: Callable[[Any], bytes]) -> bytes:
        """Carry out an operation with a key's handle; after a failure again, logged in anew.

        Raises:
            KeyRingError: `KEY_UNUSABLE` when it fails however often.
        """
        failure: Exception | None = None
        with self._lock:
            for prepare in (None, self._login_again, self._start_again):
                try:
                    if prepare is not None:
                        prepare()
                    elif self._session is None:
                        continue  # the last login failed: there is nothing to try without one
                    return operation(self._handle(key))
                except PKCS11Error as error:
                    failure = error
                except KeyFileError as error:
                    failure = error
                    if error.code == "PKCS11_PIN":
                        break
        raise unusable(key.label, type(failure).__name__) from failure

    def close(self) -> None:
        """End the session."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        session, self._session = self._session, None
        self._handles.clear()
        if session is not None:
            with suppress(PKCS11Error):
                session.close()

    def _login_again(self) -> None:
        self._drop()
        self._session = self._login()

    def _start_again(self) -> None:
        self._drop()
        pkcs11.lib(str(self._module)).reinitialize()
        self._session = self._login()

    def _alive(self) -> pkcs11.Session:
        if self._session is None:
            self._session = self._login()
        return self._session

    def _handle(self, key: TokenKey) -> Any:
        name = public_key_id(key.public_key())
        handle = self._handles.get(name) or self._look_up(key)
        if handle is None:
            raise unusable(key.label, "it is not on the token any more")
        self._handles[name] = handle
        return handle

    def _look_up(self, key: TokenKey) -> Any:
        wanted = {
            Attribute.CLASS: ObjectClass.PRIVATE_KEY,
            Attribute.KEY_TYPE: KeyType.EC,
            Attribute.LABEL: key.label,
        }
        for found in list(self._alive().get_objects(wanted)):
            if proves(found, key):
                return found
        return None

    def _login(self) -> pkcs11.Session:
        if self._refused:
            raise _pin(self._label)
        try:
            token = pkcs11.lib(str(self._module)).get_token(token_label=self._label)
            try:
                return token.open(rw=True, user_pin=self._pin)
            except UserAlreadyLoggedIn:
                return token.open(rw=True)  # a login is the process's, not the session's
        except (NoSuchToken, MultipleTokensReturned):
            raise _unfit(
                "PKCS11_TOKEN", "没有此标签的令牌", "no token has this label", self._label
            ) from None
        except (PinIncorrect, PinLenRange, PinLocked, PinExpired, PinInvalid):
            self._refused = True
            raise _pin(self._label) from None
        except (PKCS11Error, RuntimeError, OSError) as error:
            place = f"{self._module} ({type(error).__name__})"
            raise _unfit(
                "PKCS11_MODULE", "PKCS#11 模块不可用", "the PKCS#11 module cannot be used", place
            ) from error


def _pin(label: str) -> KeyFileError:
    return _unfit("PKCS11_PIN", "令牌 PIN 不被接受", "the token refuses the PIN", label)


def _unfit(code: str, zh: str, en: str, where: str) -> KeyFileError:
    return KeyFileError(
        code,
        zh,
        en,
        remedy_zh="请检查 [keys] 中的 pkcs11_module、pkcs11_token 与 pkcs11_pin_file",
        remedy_en="Check pkcs11_module, pkcs11_token and pkcs11_pin_file in [keys]",
        where=where,
    )
