"""What kind of act each route of the operator's API is: the list that lets calls through.

A route that is not on it answers nobody (`ROUTE_WITHOUT_DEED`): whoever adds a route says here what
it does, and with that who may (`bus.rules.access`).
"""

from __future__ import annotations

from bus.rules.access import Deed

DEEDS: dict[tuple[str, str], Deed] = {
    # A node's queries.
    ("POST", "/queries"): Deed.SUBMIT,
    ("GET", "/queries"): Deed.LOOK,
    ("GET", "/queries/{query}"): Deed.LOOK,
    ("POST", "/queries/{query}/cancellation"): Deed.SUBMIT,
    ("GET", "/queries/{query}/timeline"): Deed.LOOK,
    ("GET", "/queries/{query}/result"): Deed.READ_RESULT,
    ("GET", "/queries/{query}/result.xlsx"): Deed.READ_RESULT,
    ("POST", "/queries/{query}/recheck"): Deed.SUBMIT,
    ("GET", "/queries/{query}/difference"): Deed.READ_RESULT,
    ("GET", "/queries/{query}/difference.xlsx"): Deed.READ_RESULT,
    ("GET", "/queries/{query}/proof"): Deed.EXPORT_PROOF,
    ("GET", "/queries/{query}/proof/opened"): Deed.READ_RESULT,
    ("GET", "/delays"): Deed.LOOK,
    ("POST", "/delays/{query}"): Deed.SUBMIT,
    # Deadlines and delays of every centre.
    ("GET", "/owed"): Deed.LOOK,
    ("POST", "/owed/{query}/delays"): Deed.DELAY,
    ("GET", "/deadlines/{query}"): Deed.LOOK,
    ("GET", "/turnaround"): Deed.LOOK,
    # The hub's review, a province's assent.
    ("GET", "/applications"): Deed.LOOK,
    ("GET", "/applications/{query}"): Deed.READ_APPLICATION,
    ("POST", "/applications/{query}/accept"): Deed.DECIDE,
    ("POST", "/applications/{query}/assent"): Deed.DECIDE,
    ("POST", "/applications/{query}/refuse"): Deed.DECIDE,
    ("POST", "/applications/{query}/return"): Deed.DECIDE,
    # The hub's admission.
    ("GET", "/admissions"): Deed.LOOK,
    ("GET", "/admissions/{participant}"): Deed.ADMIT,
    ("POST", "/admissions"): Deed.ADMIT,
    ("POST", "/amendments"): Deed.ADMIT,
    ("POST", "/admissions/{participant}/certificates"): Deed.ADMIT,
    ("POST", "/admissions/{participant}/{act}"): Deed.ADMIT,
    ("GET", "/renewals"): Deed.LOOK,
    ("GET", "/renewals/{participant}"): Deed.LOOK,
    ("POST", "/participants/{participant}/revocations"): Deed.ADMIT,
    # Tests and inspections of participants.
    ("GET", "/conformance/runs"): Deed.LOOK,
    ("GET", "/conformance/runs/{run}"): Deed.LOOK,
    ("GET", "/conformance/runs/{run}/report"): Deed.LOOK,
    ("GET", "/conformance/runs/{run}/document"): Deed.LOOK,
    ("POST", "/conformance/runs"): Deed.OPERATE,
    ("POST", "/conformance/inspections/{participant}"): Deed.OPERATE,
    ("GET", "/conformance/circular"): Deed.OPERATE,
    # Evidence: archived and produced at a node, called up and judged at the hub.
    ("GET", "/evidence/calls"): Deed.LOOK,
    ("GET", "/evidence/calls/{call}"): Deed.READ_EVIDENCE,
    ("GET", "/evidence/documents"): Deed.READ_EVIDENCE,
    ("GET", "/evidence/documents/{document}"): Deed.READ_EVIDENCE,
    ("PUT", "/evidence/batches/{batch}"): Deed.SUBMIT,
    ("POST", "/evidence/documents"): Deed.SUBMIT,
    ("POST", "/evidence/calls/{call}/send"): Deed.SUBMIT,
    ("POST", "/evidence/calls"): Deed.DECIDE,
    ("POST", "/evidence/calls/{call}/accept"): Deed.DECIDE,
    ("POST", "/evidence/calls/{call}/reject"): Deed.DECIDE,
    # Every centre.
    ("GET", "/standing"): Deed.LOOK,
    ("GET", "/catalogue"): Deed.LOOK,
    ("GET", "/catalogue/workbook"): Deed.LOOK,
    ("GET", "/catalogue/versions"): Deed.LOOK,
    ("GET", "/catalogue/difference"): Deed.LOOK,
    ("GET", "/catalogue/reports"): Deed.LOOK,
    ("GET", "/catalogue/reports/template"): Deed.LOOK,
    ("POST", "/catalogue/reports"): Deed.OPERATE,
    ("GET", "/directory/copy"): Deed.LOOK,
    ("GET", "/quarantine"): Deed.LOOK,
    ("POST", "/quarantine/{number}/replay"): Deed.OPERATE,
    ("PUT", "/calendar"): Deed.OPERATE,
    ("GET", "/audit"): Deed.CHAIN,
    ("GET", "/audit/verify"): Deed.CHAIN,
    ("POST", "/audit/report"): Deed.AUDIT,
    ("POST", "/audit/inspections"): Deed.AUDIT,
    # Operators.
    ("GET", "/operators"): Deed.OPERATORS,
    ("POST", "/operators"): Deed.OPERATORS,
    ("POST", "/operators/{name}/roles"): Deed.OPERATORS,
    ("POST", "/operators/{name}/disable"): Deed.OPERATORS,
    ("POST", "/operators/{name}/enable"): Deed.OPERATORS,
    ("POST", "/operators/{name}/tokens"): Deed.OWN_TOKEN,
    ("DELETE", "/operators/{name}/tokens/{token}"): Deed.OWN_TOKEN,
}
"""By method and path below `/api/v1`."""
