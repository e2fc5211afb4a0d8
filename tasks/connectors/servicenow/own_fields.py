"""ServiceNow: the columns that an instance adds to its tables, and those with a closed list.

The dictionary lists the columns of a table and of the one that it extends; their values stand in
the list of choices. Columns are asked for by name, so only chosen ones are. A column that leads to
a record with a name is read by that name. Several values are one text, with commas between them.
"""

from collections.abc import Iterable

from tasks.connectors.servicenow.api import MOST, PLAIN, TABLE, table
from tasks.connectors.servicenow.transforms import Fields, english_first, plain_record
from tasks.entities import FIELD, FIELD_OPTION
from tasks.rest.fields import OwnFields, RecordType, in_param
from tasks.rest.paging import OnePage
from tasks.rest.spec import FullRefresh, Json, Output, Record, RecordContext, Row, Stream
from tasks.rest.values import Header, WholeBody, sql

RECORD_TYPES = {
    "incident": "ticket",
    "sn_customerservice_case": "ticket",
    "task": "ticket",
    "sys_user": "customer",
    "customer_account": "organization",
    "core_company": "organization",
}
EXTENDS = {"incident": "task", "sn_customerservice_case": "task"}
NAMED = (  # tables whose records have a name
    "business_unit",
    "cmn_cost_center",
    "cmn_department",
    "cmn_location",
    "core_company",
    "customer_account",
    "service_offering",
    "sys_user",
    "sys_user_group",
)
READ_ELSEWHERE = (
    "active",
    "assigned_to",
    "assignment_group",
    "caller_id",
    "company",
    "contact",
    "account",
    "made_sla",
    "opened_by",
    "priority",
    "state",
    "time_zone",
)

TYPE = f"""
    case {{name}} {" ".join(f"when '{name}' then '{kind}'" for name, kind in RECORD_TYPES.items())}
    end"""
HAS_NAME = f"""
    (
        {{internal_type}} = 'reference'
        and (
            starts_with({{reference}}, 'cmdb_ci')
            or {{reference}} in ({", ".join(f"'{name}'" for name in NAMED)})
        )
    )"""
IS_OWN = "(starts_with({element}, 'u_') or starts_with({element}, 'x_'))"
HAS_CHOICES = "coalesce({choice}, '') in ('1', '3')"

# Of the columns that every instance has, those with a closed list.
IS_WANTED = f"""
    {{element}} not in ({", ".join(f"'{name}'" for name in READ_ELSEWHERE)})
    and ({IS_OWN} or ({TYPE} = 'ticket' and ({HAS_CHOICES} or {HAS_NAME})))"""

KIND = f"""
    case
        when {{internal_type}} = 'glide_list' then 'many'
        when {{internal_type}} = 'boolean' then 'flag'
        when {HAS_CHOICES} or {HAS_NAME} then 'one'
        when {{internal_type}} in (
            'integer', 'decimal', 'float', 'longint', 'currency', 'currency2', 'price',
            'percent_complete'
        ) then 'number'
        when {{internal_type}} in ('glide_date', 'glide_date_time', 'due_date', 'date', 'datetime')
            then 'date'
        else 'text'
    end"""

TICKETS = "incident,sn_customerservice_case,task"
OTHERS = "sys_user,customer_account,core_company"


def options(body: Record, context: RecordContext) -> Iterable[Row]:
    """Values of columns: of the table itself, else of the table that it extends.

    A label in English where there is one, else in the first of the other languages.
    """
    by_place: dict[tuple[str, str], list[Fields]] = {}
    for choice in map(plain_record, body["result"]):
        by_place.setdefault((choice["name"], choice["element"]), []).append(choice)
    best: dict[tuple[str, str, str], Fields] = {}
    for table_name, record_type in RECORD_TYPES.items():
        if table_name in EXTENDS.values():
            continue
        for element in sorted({element for _, element in by_place}):
            above = (EXTENDS.get(table_name, ""), element)
            listed = by_place.get((table_name, element)) or by_place.get(above) or ()
            for one in sorted(listed, key=english_first):
                best.setdefault((record_type, element, one["value"]), one)
    for (record_type, element, value), one in best.items():
        sequence = str(one.get("sequence") or "")
        yield {
            "record_type": record_type,
            "field_id": element,
            "value": value,
            "label": one.get("label"),
            "position": int(sequence) if sequence.isdigit() else None,
            "is_active": str(one.get("inactive")).lower() != "true",
            "version_at": one.get("sys_updated_on"),
        }


STREAMS = (
    table(
        "columns",
        "Columns of tables, for fields of the instance's own",
        "sys_dictionary",
        "sys_id,name,element,column_label,internal_type,reference,choice,active,sys_updated_on",
        (
            Output(
                FIELD,
                filter=sql(IS_WANTED),
                fields={
                    "record_type": sql(TYPE),
                    "field_id": sql(
                        f"case when {HAS_NAME} then {{element}} || '.name' else {{element}} end"
                    ),
                    "label": "column_label",
                    "kind": sql(KIND),
                    "is_active": "active",
                    "version_at": "sys_updated_on",
                },
            ),
        ),
        only=f"nameIN{TICKETS},{OTHERS}^elementISNOTEMPTY",
        full=True,
        replaces=True,
        optional=True,
    ),
    Stream(
        name="column_choices",
        description="Values of columns with a closed list",
        path=TABLE + "sys_choice",
        records=WholeBody(),
        params={
            "sysparm_fields": (
                "sys_id,name,element,value,label,language,sequence,inactive,sys_updated_on"
            ),
            "sysparm_query": (
                f"nameIN{TICKETS}^element!=state^NQnameIN{OTHERS}^elementSTARTSWITHu_"
                "^ORDERBYsys_updated_on^ORDERBYsys_id"
            ),
            **PLAIN,
        },
        paging=OnePage(total=Header("x-total-count"), most=MOST),
        sync=FullRefresh(),
        optional=True,
        outputs=(Output(FIELD_OPTION, transform=options),),
    ),
)


def several(value: Json) -> Json:
    """The values of a list."""
    return value.split(",") if isinstance(value, str) else value


def fields_in(record_type: RecordType, stream: str) -> OwnFields:
    """Own fields of one table's records, whose keys keep their dots."""
    return OwnFields(
        record_type,
        stream=stream,
        record_id="sys_id",
        version="sys_updated_on",
        at="",
        by_kind={"many": several},
        ask=in_param("sysparm_fields"),
    )


OWN_FIELDS = (
    fields_in("ticket", "incidents"),
    fields_in("ticket", "cases"),
    fields_in("customer", "users"),
    fields_in("organization", "accounts"),
)
