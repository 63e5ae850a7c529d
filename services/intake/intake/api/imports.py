"""Imports: files of contacts or engagements, put in part by part as in the IETF's resumable uploads, and taken in the background."""

from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import Field, model_validator

from intake.imported import ImportKind, ImportState
from intake.operations import imports
from intake.operations.imports import CONTENT_BYTES_MAX, UNFINISHED_MAX, NewImport, NotThere, Part, TooLarge, TooManyUnfinished, WrongPlace
from intake.tables import Import
from shared import problems
from shared.auth import Identity, reading
from shared.bodies import Answer, Body, Int, Label, Moment, Uuid
from shared.creations import Again, IdempotencyKey, claim_creation, client_key, told_again
from shared.database import Database
from shared.ids import new_id
from shared.paging import Listing, Page, PageRequest
from shared.routes import StrictRoute, check_media_type
from shared.tabular import Format

_IMPORTS = Listing("imports", datetime, UUID)
_NDJSON: Final = "application/x-ndjson"
_PART_TYPES: Final = frozenset({"application/octet-stream", "application/partial-upload", "text/csv", _NDJSON})
_RETRY_AFTER_SECONDS = 60
_PART: Final = {"requestBody": {"content": {name: {"schema": {"type": "string", "format": "binary"}} for name in sorted(_PART_TYPES)}}}
_LINES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "One line per row: `row` and `errors`", "content": {_NDJSON: {"schema": {"type": "string"}}}}
}

UploadOffset = Annotated[int, Header(alias="Upload-Offset", ge=0, le=CONTENT_BYTES_MAX)]
UploadComplete = Annotated[Literal["?0", "?1"], Header(alias="Upload-Complete")]


class ImportBody(Body):
    """What is announced of a file. `flags` are given to every engagement in it: `backfill` unless you say otherwise."""

    id: Uuid | None = None
    kind: ImportKind
    format: Format = "ndjson"
    name: Label | None = None
    flags: list[Literal["backfill", "test"]] | None = None
    bytes_total: Annotated[Int, Field(ge=0, le=CONTENT_BYTES_MAX)] | None = None

    @model_validator(mode="after")
    def _flags_are_for_engagements(self) -> Self:
        if self.kind == "contacts" and self.flags:
            raise ValueError("only engagements have flags")
        return self

    @property
    def every_flag(self) -> Sequence[str]:
        """What each engagement is flagged with."""
        unsaid: Sequence[str] = ["backfill"] if self.kind == "engagements" else []
        return unsaid if self.flags is None else list(dict.fromkeys(self.flags))


class ImportAnswer(Answer):
    """An import as it stands: how far it came, and what became of its rows.

    `rejected` and `duplicates_in_file` are rows that were not taken; `/errors` says why. `problem`: why nothing was.
    """

    id: UUID
    kind: ImportKind
    format: Format
    name: str | None
    flags: list[str]
    state: ImportState
    problem: str | None
    created_at: Moment
    finished_at: Moment | None
    bytes_total: int | None
    bytes_received: int
    bytes_checked: int
    rows_read: int
    rows_applied: int
    created: int
    updated: int
    unchanged: int
    accepted: int
    duplicate: int
    rejected: int
    duplicates_in_file: int


def routes(database: Database, writing: Any) -> APIRouter:
    """`/v1/imports`; `writing` says who may put something in, and how fast."""
    router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["imports"])

    @router.post("/imports", status_code=201, response_model=ImportAnswer, responses=told_again(ImportAnswer))
    async def post_import(body: ImportBody, identity: Annotated[Identity, writing], idempotency_key: IdempotencyKey = None) -> JSONResponse:
        """Announces a file. Its content follows by PATCH; nothing is taken before all of it is here."""
        key = client_key(body.id, idempotency_key, identity.sub)
        async with database.transaction() as session:
            claim = await claim_creation(session, scope="imports", key=key, sub=identity.sub, content=body)
            if isinstance(claim, Again):
                return JSONResponse(claim.answer, status_code=200)
            new = NewImport(body.id or new_id(), body.kind, body.format, body.name, body.every_flag, body.bytes_total)
            answer = _answer(await _begun(imports.begin(session, new, now=datetime.now(UTC)))).model_dump(mode="json")
            await claim.keep(session, answer)
        return JSONResponse(answer, status_code=201)

    @router.patch("/imports/{import_id}/content", dependencies=[writing], openapi_extra=_PART)
    async def patch_content(
        import_id: UUID, request: Request, upload_offset: UploadOffset = 0, upload_complete: UploadComplete = "?0"
    ) -> ImportAnswer:
        """Takes the next part of the file, of up to 5 MiB: `Upload-Offset` is where it begins, `Upload-Complete: ?1` marks the last.

        A part that is here already changes nothing. 409: it doesn't continue what is here, which ends at `bytes_received`.
        """
        check_media_type(request, accepts=_PART_TYPES)
        part = Part(upload_offset, await request.body(), upload_complete == "?1")
        async with database.transaction() as session:
            return _answer(await _received(imports.receive(session, import_id, part, now=datetime.now(UTC))))

    @router.get("/imports", dependencies=[reading("integration", "admin")])
    async def get_imports(page: Annotated[PageRequest, Depends(_IMPORTS.request)]) -> Page[ImportAnswer]:
        """Imports, newest first."""
        async with database.reading() as session:
            rows = await imports.list_imports(session, after=page.after, limit=page.fetch)
        return _IMPORTS.page(rows, page, key=lambda row: (row.created_at, row.id), item=_answer)

    @router.get("/imports/{import_id}", dependencies=[reading("integration", "admin")])
    async def get_import(import_id: UUID) -> ImportAnswer:
        """How far an import has come, and what became of its rows."""
        async with database.reading() as session:
            return _answer(await _received(imports.found(session, import_id)))

    @router.get(
        "/imports/{import_id}/errors", dependencies=[reading("integration", "admin")], response_class=StreamingResponse, responses=_LINES
    )
    async def get_errors(import_id: UUID) -> StreamingResponse:
        """The rows that were not taken, as NDJSON: `{"row": n, "errors": [{"pointer", "detail"}]}`, rows counted from 1."""
        async with database.reading() as session:
            await _received(imports.found(session, import_id))
        return StreamingResponse(imports.error_lines(database, import_id), media_type=_NDJSON)

    return router


async def _begun(beginning: Awaitable[Import]) -> Import:
    try:
        return await beginning
    except TooManyUnfinished:
        raise problems.too_many_requests(
            f"{UNFINISHED_MAX} imports are unfinished; finish some first.", retry_after_seconds=_RETRY_AFTER_SECONDS
        ) from None


async def _received(receiving: Awaitable[Import]) -> Import:
    try:
        return await receiving
    except NotThere:
        raise problems.not_found("There is no import with this id.") from None
    except WrongPlace as error:
        if error.received is None:
            raise problems.conflict("The file is here whole already.") from None
        raise problems.conflict("The part doesn't continue what is here; go on at bytes_received.", bytes_received=error.received) from None
    except TooLarge:
        raise problems.conflict("The file is not as long as was announced, or longer than any may be.") from None


def _answer(row: Import) -> ImportAnswer:
    return ImportAnswer.model_validate({name: getattr(row, name) for name in ImportAnswer.model_fields})
