select currency
from ops.reporting_setting
