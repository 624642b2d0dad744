"""The sections of a source that is not asked for column by column: they load as they are written.

What is to be filled in stands beside each key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from adapters.init.page import about, quoted
from schemas.resources import Resource

_REST = """\
[source]
kind = "rest"
url = "https://api.example/gjj/"        # 改为接口地址 the service's address
# ca_file = "agency-ca.pem"             # 默认为系统信任的机构 default: the system's authorities
# client_certificate = "adapter.pem"    # 双向 TLS mTLS
# client_key = "adapter.key"            # 0600
# [source.header_files]                 # 值保密的请求头 headers whose values are secret
# X-Api-Key = "api.key"                 # 0600
# [source.oauth2]
# token_url = "https://sso.example/token"
# client_id = "hedui"
# client_secret_file = "client.secret"  # 0600

[[resource]]
name = {name}
path = "query"
batch = 1                               # 每次请求的人数 persons in one request
records = "$.data"                      # 记录列表 the list of records
# ok = {{ path = "$.code", equals = 0 }}  # 其他值即失败 anything else is a failure
id_number = "id_number"                 # 列：一条记录的成员或 JSONPath a member or JSONPath
id_type = "id_type"
person_name = "name"
body = {{ id_number = "{{id_number}}" }}
not_held = []                           # 来源没有的内容项 items this service does not keep

[resource.columns]                      # 内容项 = 列 item = column
{columns}
"""

_UPLOAD = """\
[source]
kind = "upload"
# inbox = "inbox"                       # 自动载入其中的文件 files in it are loaded by themselves
keep_days = 400                         # 被替换的版本保留天数 how long old versions are kept

[[resource]]
name = {name}
not_held = []                           # 本部门没有的内容项 items this department does not keep
schedule = "monthly"                    # monthly, quarterly, half-yearly, yearly
due_day = 10                            # 次期第几日前上传 day of the month after the period
# late = "not_answerable"               # 逾期数据如何答复 what a query gets from late data
# department = "公积金管理中心"
# leader = "李主任"
# handler = "张科员"
"""

_TEMPLATE = """\
[source]
kind = "template"                       # 导出名单，由人填写后交回 people fill lists in

[[resource]]
name = {name}
not_held = []                           # 无人能答的内容项 items nobody there can answer
"""

_MEDIUM = """\
[source]
kind = "medium"                         # 介质方式 a package on a medium, for a machine offline
agency_keys = "agency-medium.pub"       # 该机构 hedui medium keys 所生成 made there; compare it

[[resource]]
name = {name}
not_held = []                           # 无人能答的内容项 items nobody there can answer
"""


def _rest(resource: Resource) -> str:
    columns = "\n".join(f"{one.name} = {quoted(one.name)}  {about(one)}" for one in resource.items)
    return _REST.format(name=quoted(resource.name), columns=columns)


def _named(text: str) -> Callable[[Resource], str]:
    return lambda resource: text.format(name=quoted(resource.name))


SKELETONS: Mapping[str, Callable[[Resource], str]] = MappingProxyType(
    {
        "rest": _rest,
        "upload": _named(_UPLOAD),
        "template": _named(_TEMPLATE),
        "medium": _named(_MEDIUM),
    }
)
"""By kind: `[source]` and `[[resource]]` for one resource."""
