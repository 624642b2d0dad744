"""Applying, from the file of answers to the signed application, as `hedui … apply` does it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from signer.admission.application import read_application, write_application
from signer.admission.contents import AdmissionApplication, Answers
from signer.admission.pending import PendingKeys, make_pending, read_pending, restate
from signer.directory.view import KeyUse
from signer.errors import AdmissionError
from signer.keystore import KeyStore
from signer.secretfiles import write_new


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying made: the verified application and whether its keys were there before."""

    application: AdmissionApplication
    file: Path
    keys_kept: bool


def apply(
    answers: Answers,
    pending: Path,
    out: Path,
    passphrase: bytes,
    *,
    generation: int,
    now: datetime,
    store: KeyStore | None = None,
) -> Applied:
    """Make the keys of a generation, unless they are pending, and the application for them.

    Args:
        answers: What the applicant states, checked.
        pending: The pending directory: absent, or with keys of this participant and generation,
            which a corrected application asks for again.
        out: The application file to write; must not exist.
        passphrase: Encrypts the private keys, or opens them.
        generation: Key generation, from 1.
        now: The instant.
        store: Where signing and encryption keys are made, if not in files.

    Raises:
        AdmissionError: `PENDING_OTHER` when other keys are pending there; and those of
            `write_application`.
        KeyFileError: Files cannot be read or written.
    """
    kept = pending.is_dir() and any(pending.iterdir())
    if kept:
        keys = _pending(answers, pending, passphrase, generation, store)
    else:
        keys = make_pending(
            pending,
            passphrase,
            participant=answers.participant,
            generation=generation,
            title=answers.title,
            hosts=answers.hosts,
            store=store,
        )
    signing = keys.private_keys[KeyUse.SIGNING]
    data = write_application(answers, generation, keys.requests, signing, now)
    write_new(out, data)
    return Applied(read_application(data), out, kept)


def _pending(
    answers: Answers, pending: Path, passphrase: bytes, generation: int, store: KeyStore | None
) -> PendingKeys:
    keys = read_pending(pending, passphrase, store)
    if (keys.participant, keys.generation) != (answers.participant, generation):
        raise AdmissionError(
            "PENDING_OTHER",
            "此目录中是另一参与方或另一代次的待批密钥",
            "this directory holds pending keys of another participant or generation",
            remedy_zh="请另选 --pending 目录",
            remedy_en="Choose another --pending directory",
            where=str(pending),
        )
    return restate(keys, answers.title, answers.hosts)
