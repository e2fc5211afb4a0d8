-- One row for each status, priority, channel and SLA metric that an account has, with its meaning
-- here. The account's own setting decides, by id or by label; then the vendor: by the category that
-- it gives the status, or by a fixed value that it documents (value_map). Words alone decide
-- nothing. They propose, and what nobody decides is 'other' and unknown.
-- Values of the fields that the settings name are of the kind field: and that name. They mean what
-- the settings say, else their label. A value of the settings that the vendor does not list is in
-- lower case.
with seen_values as (
    select
        connector,
        account,
        'status' as kind,
        status as value
    from source.ticket
    where status is not null
    union
    select
        connector,
        account,
        field,
        to_value
    from source.ticket_event
    where field in ('status', 'priority') and to_value is not null
    union
    select
        connector,
        account,
        field,
        from_value
    from source.ticket_event
    where field in ('status', 'priority') and from_value is not null
    union
    select
        connector,
        account,
        'status',
        status_id
    from source.ticket_status
    union
    select
        connector,
        account,
        'priority',
        priority
    from source.ticket
    where priority is not null
    union
    select
        connector,
        account,
        'channel',
        channel
    from source.ticket
    where channel is not null
    union
    select
        connector,
        account,
        'sla_metric',
        metric
    from source.sla_event
    union
    select
        connector,
        account,
        'sla_metric',
        metric
    from source.sla_policy
),

-- Some histories name a status where tickets have its code (Freshdesk's activities).
codes as (
    select
        account,
        lower(label) as label,
        min(status_id) as status_id
    from source.ticket_status
    where lower(label) <> lower(status_id)
    group by account, lower(label)
    having count(*) = 1
),

coded_values as (
    select
        seen_values.connector,
        seen_values.account,
        seen_values.kind,
        seen_values.value,
        case
            when own_status.status_id is null or lower(own_status.label) = lower(seen_values.value)
                then coalesce(codes.status_id, seen_values.value)
            else seen_values.value
        end as code
    from seen_values
    left join source.ticket_status as own_status
        on seen_values.kind = 'status'
            and seen_values.account = own_status.account
            and seen_values.value = own_status.status_id
    left join codes
        on seen_values.kind = 'status'
            and seen_values.account = codes.account
            and lower(seen_values.value) = codes.label
),

labelled_values as (
    select
        coded_values.connector,
        coded_values.account,
        coded_values.kind,
        coded_values.value,
        coded_values.code,
        coalesce(ticket_status.label, coded_values.value) as label,
        ticket_status.category
    from coded_values
    left join source.ticket_status as ticket_status
        on coded_values.kind = 'status'
            and coded_values.account = ticket_status.account
            and coded_values.code = ticket_status.status_id
),

decided_values as (
    select
        labelled.account,
        labelled.kind,
        labelled.value,
        labelled.label,
        coalesce(by_value.meaning, by_code.meaning, by_label.meaning) as setting,
        case
            when labelled.category in (
                    'new', 'open', 'pending', 'hold', 'solved', 'closed', 'deleted'
                )
                then labelled.category
            when labelled.category is null then documented.unified
        end as vendor,
        coalesce(word_of_value.unified, word_of_label.unified) as proposed
    from labelled_values as labelled
    left join ops.account_mapping as by_value
        on labelled.account = by_value.account
            and labelled.kind = by_value.kind
            and lower(labelled.value) = by_value.value
    left join ops.account_mapping as by_code
        on labelled.account = by_code.account
            and labelled.kind = by_code.kind
            and lower(labelled.code) = by_code.value
    left join ops.account_mapping as by_label
        on labelled.account = by_label.account
            and labelled.kind = by_label.kind
            and lower(labelled.label) = by_label.value
    left join staging.value_map as documented
        on labelled.connector = documented.connector
            and labelled.kind = documented.kind
            and lower(labelled.code) = documented.raw
    left join staging.value_map as word_of_value
        on word_of_value.connector = '*'
            and labelled.kind = word_of_value.kind
            and lower(labelled.value) = word_of_value.raw
    left join staging.value_map as word_of_label
        on word_of_label.connector = '*'
            and labelled.kind = word_of_label.kind
            and lower(labelled.label) = word_of_label.raw
),

field_values as (
    select
        account_field.account,
        'field:' || account_field.name as kind,
        field_option.value,
        coalesce(field_option.label, field_option.value) as label
    from staging.account_field as account_field
    join source.field_option as field_option
        on account_field.account = field_option.account
            and account_field.record_type = field_option.record_type
            and account_field.field_id = field_option.field_id
),

listed_words as (
    select
        account,
        kind,
        lower(value) as word
    from field_values
    union
    select
        account,
        kind,
        lower(label)
    from field_values
),

field_meanings as (
    select
        field_values.account,
        field_values.kind,
        field_values.value,
        field_values.label,
        coalesce(by_value.meaning, by_label.meaning) as setting
    from field_values
    left join ops.account_mapping as by_value
        on field_values.account = by_value.account
            and field_values.kind = by_value.kind
            and lower(field_values.value) = by_value.value
    left join ops.account_mapping as by_label
        on field_values.account = by_label.account
            and field_values.kind = by_label.kind
            and lower(field_values.label) = by_label.value
    union all
    select
        mapping.account,
        mapping.kind,
        mapping.value,
        mapping.value as label,
        mapping.meaning
    from ops.account_mapping as mapping
    left join listed_words
        on mapping.account = listed_words.account
            and mapping.kind = listed_words.kind
            and mapping.value = listed_words.word
    where mapping.kind like 'field:%' and listed_words.word is null
)

select
    account,
    kind,
    value,
    label,
    coalesce(setting, vendor, 'other') as meaning,
    case
        when setting is not null then 'setting'
        when vendor is not null then 'vendor'
        else 'unknown'
    end as decided_by,
    proposed
from decided_values
union all
select
    account,
    kind,
    value,
    label,
    coalesce(setting, label),
    case when setting is not null then 'setting' else 'vendor' end,
    cast(null as varchar)
from field_meanings
