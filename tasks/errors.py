"""Every error this project raises, grouped by what the caller should do next.

SupportEtlError
    ConfigurationError          change a setting, then run again
        MissingSecretError      give the named secret
    VendorError
        RetryableVendorError    ask again later
            ThrottledError      the vendor asks for patience
            UnreachableError    no connection, or a connection that broke
                SlowAnswerError the vendor takes too long for what was asked
            TruncatedPageError  the answer is cut or is not JSON
        RejectedByVendorError   asking again will not help
            CredentialsError    wrong, expired or insufficient credentials
            ForeignHostError    an address that is not the account's own
            NotInPlanError      the account's plan or role does not include this
            BudgetSpentError    the day's calls are used up; resumes tomorrow
        ContractError           the answer does not have the declared shape
            RepeatedPageError   a page that was already read came again
    DataError
        BatchRefusedError       a rule for the whole batch failed; nothing was loaded
        ModelError              a SQL model could not be built; its table is as before
        BookmarkError           a bookmark is unreadable or in the future; the stream waits
    StorageError                landing zone or warehouse: full, read-only, unreachable
        NoTablesError           no run yet, or tables are missing
        WarehouseBusyError      another program holds it
            RunAtWorkError      another run is at work
    OrchestratorError           Prefect's server does not start or does not answer
"""


class SupportEtlError(Exception):
    """Base of all errors with a message for the user.

    `exit_code` is what the command line returns.
    """

    exit_code = 1


class ConfigurationError(SupportEtlError):
    """A setting is wrong or missing; the message names it."""

    exit_code = 2


class MissingSecretError(ConfigurationError):
    """A secret that a connector needs is not in the environment nor in a Prefect block."""


class VendorError(SupportEtlError):
    """A vendor's answer, or the lack of one."""

    exit_code = 3


class RetryableVendorError(VendorError):
    """Asking again later may help. `wait_seconds` is the vendor's own wish, or None."""

    def __init__(self, message: str, *, wait_seconds: float | None = None) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class ThrottledError(RetryableVendorError):
    """Too many requests, and still so after all retries."""


class UnreachableError(RetryableVendorError):
    """Host not found, refused, timed out, reset, or a server error that lasted."""


class SlowAnswerError(UnreachableError):
    """The vendor ran out of time, such as a gateway's 504: a smaller page may come."""


class TruncatedPageError(RetryableVendorError):
    """The body is cut, garbled, or not JSON at all (a login page, say)."""


class RejectedByVendorError(VendorError):
    """The vendor understood and said no."""


class CredentialsError(RejectedByVendorError):
    """401, or a 403 that means the credentials. `status` is the vendor's, or None."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class NotInPlanError(RejectedByVendorError):
    """403 or 404 on an endpoint that the plan or role does not include."""


class ForeignHostError(RejectedByVendorError):
    """A redirect or next-page link leads to another origin; it was not followed."""


class BudgetSpentError(RejectedByVendorError):
    """The vendor's daily call budget is spent."""


class ContractError(VendorError):
    """The answer parses but is not what the connector declares."""


class RepeatedPageError(ContractError):
    """The same page came twice: following it would never end."""


class DataError(SupportEtlError):
    """Rows that must not be loaded."""

    exit_code = 4


class BatchRefusedError(DataError):
    """A batch rule failed. Nothing of the batch was loaded; the bookmark stayed."""


class ModelError(DataError):
    """A SQL model failed. Its table stays as it was."""


class BookmarkError(DataError):
    """A stream's bookmark is unreadable or in the future; nothing was read.

    From it a run would skip days without a word.
    """


class StorageError(SupportEtlError):
    """Landing zone or warehouse cannot be read or written."""

    exit_code = 5


class NoTablesError(StorageError):
    """A table is not there: the warehouse is empty, or made by an older version."""


class WarehouseBusyError(StorageError):
    """Another run, or another program, holds the warehouse."""


class RunAtWorkError(WarehouseBusyError):
    """Another run is at work; it reports its own outcome."""


class OrchestratorError(SupportEtlError):
    """Prefect's server did not start, or does not answer."""

    exit_code = 6
