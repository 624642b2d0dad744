"""Why a package is refused. Nothing is changed by one that is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from schemas.errors import InputError

CODES: Mapping[str, tuple[str, str, str, str]] = MappingProxyType(
    {
        "MEDIUM_SIZE": (
            "文件过小或过大，不是介质包",
            "the file is too small or too large for a package",
            "请核对文件",
            "Check the file",
        ),
        "MEDIUM_MALFORMED": (
            "文件不是介质包，或已损坏",
            "the file is no package, or was damaged",
            "请重新拷贝；仍不行请对方重新制作",
            "Copy it again; if that does not help, have it made again",
        ),
        "MEDIUM_SUITE": (
            "不认识此包的密码套件",
            "the package's cipher suite is not known here",
            "请升级本软件",
            "Use a newer version of this software",
        ),
        "MEDIUM_KIND": (
            "介质包的种类不符：这里要的是另一种（查询包或返回包）",
            "a package of the other kind (QUERY or RETURN) is needed here",
            "请核对文件",
            "Check which file it is",
        ),
        "MEDIUM_RECIPIENT": (
            "此包不是给我方的，或所用密钥已不在",
            "the package is sealed to a key that is not held here",
            "请核对密钥目录；密钥已更换的，请对方按新公钥重新制作",
            "Check the keys; where they were changed, have it made again for the new ones",
        ),
        "MEDIUM_SIGNER": (
            "此包不是由约定的一方签名的",
            "the package was not signed by the party it should come from",
            "请勿使用；请通过电话与对方核对公钥指纹",
            "Do not use it; compare fingerprints with the other side by telephone",
        ),
        "MEDIUM_SIGNATURE": (
            "签名无效：内容已被改动",
            "the signature is invalid: the package was changed",
            "请勿使用，并向对方索取原件",
            "Do not use it; ask the other side for the original",
        ),
        "MEDIUM_SEALED": (
            "内容无法解密",
            "the contents do not open",
            "请勿使用，并请对方重新制作",
            "Do not use it; have it made again",
        ),
        "MEDIUM_TIME": (
            "介质包的制作时间在将来",
            "the package was made in the future",
            "请核对本机时间",
            "Check this machine's clock",
        ),
        "MEDIUM_AUTHORITY": (
            "介质包所附的授权无法核验",
            "the authority in the package does not verify",
            "请勿按此查询，并与核对中心联系",
            "Do not search for it; ask the centre",
        ),
    }
)


class MediumError(InputError):
    """A package is not acceptable; `code` as above, `where` says which check, never a value."""

    def __init__(self, code: str, where: str = "") -> None:
        zh, en, remedy_zh, remedy_en = CODES[code]
        super().__init__(code, zh, en, remedy_zh=remedy_zh, remedy_en=remedy_en, where=where)
