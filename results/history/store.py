"""The index: what of each run.json a trend needs, in SQLite or PostgreSQL.

A run is in it wholly or not at all: each is one transaction, so that an import that is killed goes on where
it was. run.json stays the truth; the index is made of it again at any time.
"""
import hashlib
import json
import os
import stat
from typing import NamedTuple

import checked
import sqlalchemy
from sqlalchemy import (Boolean, Column, Float, ForeignKey, Integer, MetaData, Table, Text, bindparam, delete,
                        insert, select)
from sqlalchemy.exc import SQLAlchemyError

VERSION = "1"           # of the tables
LOCK = 0x706b7462       # of PostgreSQL: one import at a time
DEFAULT = os.path.join("results", "history.db")

TABLES = MetaData()
META = Table("pktbench_history", TABLES, Column("name", Text, primary_key=True),
             Column("value", Text, nullable=False))
# Texts that many runs have in common, each once.
TEXTS = Table("pktbench_texts", TABLES, Column("id", Integer, primary_key=True),
              Column("digest", Text, nullable=False, unique=True), Column("text", Text, nullable=False))
RUNS = Table(
    "pktbench_runs", TABLES, Column("id", Integer, primary_key=True),
    Column("run_id", Text, nullable=False, unique=True), Column("path", Text, nullable=False),
    Column("digest", Text, nullable=False, index=True), Column("host", Text, nullable=False),
    Column("started_at", Text, nullable=False, index=True), Column("finished_at", Text),
    Column("tool_version", Text, nullable=False), Column("git_commit", Text), Column("description", Text),
    Column("facts", ForeignKey(TEXTS.c.id), nullable=False),
    Column("fingerprint", ForeignKey(TEXTS.c.id), nullable=False))
CASES = Table(
    "pktbench_cases", TABLES,
    Column("run", ForeignKey(RUNS.c.id), primary_key=True), Column("place", Integer, primary_key=True),
    Column("case_id", Text, nullable=False, index=True), Column("status", Text, nullable=False),
    Column("reason", Text), Column("limiter", Text, nullable=False), Column("condition", Text),
    Column("virtual", Boolean, nullable=False),
    Column("setting", ForeignKey(TEXTS.c.id), nullable=False),
    Column("ports", ForeignKey(TEXTS.c.id), nullable=False))
METRICS = Table(
    "pktbench_metrics", TABLES,
    Column("run", Integer, primary_key=True), Column("place", Integer, primary_key=True),
    Column("name", Text, primary_key=True), Column("unit", Text, nullable=False),
    Column("better", Text, nullable=False), Column("n", Integer, nullable=False),
    Column("median", Float, nullable=False), Column("spread", Float),
    Column("at_least", Boolean, nullable=False),
    sqlalchemy.ForeignKeyConstraint(["run", "place"], [CASES.c.run, CASES.c.place]))
# Keys of run.json and attributes of recorded.Case and recorded.Metric that are columns.
ABOUT = ("host", "started_at", "finished_at", "tool_version", "git_commit")
OF_CASE = ("status", "reason", "limiter", "condition", "virtual")
OF_METRIC = ("name", "unit", "better", "n", "median", "spread", "at_least")
# Made once: that takes as long as to carry them out.
OF_FILE = select(RUNS.c.id, RUNS.c.path).where(RUNS.c.digest == bindparam("wanted"))
OF_ID = select(RUNS.c.id).where(RUNS.c.run_id == bindparam("wanted"))
TEXT_OF = select(TEXTS.c.id).where(TEXTS.c.digest == bindparam("wanted"))
NEW_TEXT, NEW_RUN, NEW_CASE, NEW_METRIC = map(insert, (TEXTS, RUNS, CASES, METRICS))


class Point(NamedTuple):
    """One metric of one case of one run; texts by their id."""

    run: int
    run_id: str
    host: str
    started_at: str
    tool_version: str
    git_commit: str
    facts: int
    fingerprint: int
    case: str
    status: str
    condition: str
    virtual: bool
    setting: int
    ports: int
    metric: str
    unit: str
    better: str
    n: int
    median: float
    spread: float
    at_least: bool

    @property
    def counts(self):
        """Whether a change of this value says something of the device under test."""
        return self.status == "ok" and not self.at_least


class Store:
    """An open index. Its methods raise checked.InputError, which names the store."""

    def __init__(self, given=None, make=False):
        """given: a file, or postgresql://...; None: DEFAULT. make: it need not be there yet."""
        self.name, self._url = _address(given or DEFAULT, make)
        # Kept open: whenever the last one is closed SQLite tidies up its files.
        options = ({"connect_args": {"timeout": 60}, "poolclass": sqlalchemy.pool.QueuePool}
                   if self._url.drivername == "sqlite" else {})
        with self._told():
            self._engine = sqlalchemy.create_engine(self._url, future=True, **options)
            if self._url.drivername == "sqlite":
                sqlalchemy.event.listen(self._engine, "connect", _as_it_comes)
                sqlalchemy.event.listen(self._engine, "begin", _begin)
            self._writer = self._engine.execution_options(writes=True)
            self._open(make)

    def _open(self, make):
        there = sqlalchemy.inspect(self._engine).has_table(META.name)
        if not there and not make:
            raise checked.InputError(f"{self.name}: no index of pktbench's is there; make it with pktbench "
                                     "history import")
        with self._writer.begin() as connection:
            if there:
                found = connection.execute(select(META.c.value).where(META.c.name == "version")).scalar()
                if found != VERSION:
                    raise checked.InputError(
                        f"{self.name}: the index is of version {found}, this pktbench has {VERSION}; name "
                        "another --store and import the runs into that")
                return
            self._lock(connection)
            TABLES.create_all(connection)
            if connection.execute(select(META.c.value)).first() is None:  # another one may have been faster
                connection.execute(insert(META), [{"name": "version", "value": VERSION}])

    def _lock(self, connection):
        if self._url.drivername != "sqlite":
            connection.execute(select(sqlalchemy.func.pg_advisory_xact_lock(LOCK)))

    def _told(self):
        return _Told(self.name)

    def add(self, given):
        """Takes in one run; says what became of it: "imported", "replaced" or "unchanged"."""
        path = os.path.abspath(checked.run_file(given))
        digest = _digest_of_file(path)
        with self._told(), self._engine.begin() as connection:
            same = connection.execute(OF_FILE, {"wanted": digest}).first()
            if same and same.path == path:
                return "unchanged"
        run = None if same else _read(given)
        with self._told(), self._writer.begin() as connection:
            self._lock(connection)
            if same:        # the same run, found elsewhere
                connection.execute(RUNS.update().where(RUNS.c.id == same.id).values(path=path))
                return "unchanged"
            return self._put(connection, run, path, digest)

    def rebuild(self, given=()):
        """Makes the index anew of the runs named, or else of those that it knows: of all or, where one of
        them cannot be read, of none. Returns their number."""
        with self._told(), self._engine.begin() as connection:
            paths = list(given) or list(connection.execute(select(RUNS.c.path).order_by(RUNS.c.id)).scalars())
        if not paths:
            raise checked.InputError(f"{self.name}: the index knows no run; name those that it is to have")
        with self._told(), self._writer.begin() as connection:
            self._lock(connection)
            for table in reversed(TABLES.sorted_tables):
                if table is not META:
                    connection.execute(delete(table))
            for one in paths:
                path = os.path.abspath(checked.run_file(one))
                self._put(connection, _read(one), path, _digest_of_file(path))
        return len(paths)

    def _put(self, connection, run, path, digest):
        about = run.about
        old = connection.execute(OF_ID, {"wanted": about["id"]}).scalar()
        if old is not None:
            for table, column in ((METRICS, METRICS.c.run), (CASES, CASES.c.run), (RUNS, RUNS.c.id)):
                connection.execute(delete(table).where(column == old))
        texts = self._texts(connection, [run.facts, run.fingerprint, *(c.setting for c in run.cases),
                                         *(c.ports for c in run.cases)])
        key = connection.execute(NEW_RUN, {
            "run_id": about["id"], "path": path, "digest": digest, "facts": texts(run.facts),
            "fingerprint": texts(run.fingerprint), "description": run.description,
            **{name: about[name] for name in ABOUT}}).inserted_primary_key[0]
        cases = [{"run": key, "place": place, "case_id": case.id, "setting": texts(case.setting),
                  "ports": texts(case.ports), **{name: getattr(case, name) for name in OF_CASE}}
                 for place, case in enumerate(run.cases)]
        metrics = [{"run": key, "place": place, **{name: getattr(metric, name) for name in OF_METRIC}}
                   for place, case in enumerate(run.cases) for metric in case.metrics]
        for statement, rows in ((NEW_CASE, cases), (NEW_METRIC, metrics)):
            if rows:
                connection.execute(statement, rows)
        return "imported" if old is None else "replaced"

    @staticmethod
    def _texts(connection, values):
        """Gives the id of each value's text; makes those that are missing."""
        found = {}
        for text in map(_text, values):
            if text not in found:
                digest = hashlib.sha256(text.encode()).hexdigest()
                known = connection.execute(TEXT_OF, {"wanted": digest}).scalar()
                found[text] = known if known is not None else connection.execute(
                    NEW_TEXT, {"digest": digest, "text": text}).inserted_primary_key[0]
        return lambda value: found[_text(value)]

    def runs(self):
        """Of each run, oldest first: its row, with the number of its cases and of those that are ok."""
        ok = sqlalchemy.func.sum(sqlalchemy.case((CASES.c.status == "ok", 1), else_=0))
        query = (select(RUNS, sqlalchemy.func.count(CASES.c.place).label("cases"), ok.label("ok"))
                 .select_from(RUNS.outerjoin(CASES)).group_by(*RUNS.c)
                 .order_by(RUNS.c.started_at, RUNS.c.run_id))
        with self._told(), self._engine.begin() as connection:
            return connection.execute(query).all()

    def points(self, case=None, metric=None, host=None):
        """Points, newest first: of all cases or one, all metrics or one, all hosts or one."""
        query = (select(RUNS.c.id, RUNS.c.run_id, RUNS.c.host, RUNS.c.started_at, RUNS.c.tool_version,
                        RUNS.c.git_commit, RUNS.c.facts, RUNS.c.fingerprint, CASES.c.case_id, CASES.c.status,
                        CASES.c.condition, CASES.c.virtual, CASES.c.setting, CASES.c.ports, METRICS.c.name,
                        METRICS.c.unit, METRICS.c.better, METRICS.c.n, METRICS.c.median, METRICS.c.spread,
                        METRICS.c.at_least)
                 .select_from(RUNS.join(CASES).join(METRICS))
                 .order_by(RUNS.c.started_at.desc(), RUNS.c.run_id, CASES.c.place, METRICS.c.name))
        for column, wanted in ((CASES.c.case_id, case), (METRICS.c.name, metric), (RUNS.c.host, host)):
            query = query if wanted is None else query.where(column == wanted)
        with self._told(), self._engine.begin() as connection:
            for row in connection.execute(query):
                yield Point(*row)

    def texts(self, ids):
        """The values of texts, by id."""
        wanted, found = sorted(set(ids)), {}
        with self._told(), self._engine.begin() as connection:
            for first in range(0, len(wanted), 500):    # of what a statement may hold
                query = select(TEXTS.c.id, TEXTS.c.text).where(TEXTS.c.id.in_(wanted[first:first + 500]))
                found.update((one, json.loads(text)) for one, text in connection.execute(query))
        return found


class _Told:
    """What a database says, as an InputError of one line."""

    def __init__(self, name):
        self._name = name

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, ImportError):
            return False
        if isinstance(error, SQLAlchemyError):
            why = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
            raise checked.InputError(f"{self._name}: {why}") from error
        return False


def _read(given):
    import recorded     # it takes a while, and who only asks the index needs none of it
    return recorded.read(given)


def _address(given, make):
    """(name for people, URL) of a store."""
    if "://" in given:
        try:
            url = sqlalchemy.engine.make_url(given)
        except SQLAlchemyError as error:
            raise checked.InputError(f"--store: {checked.in_quotes(given)} is no URL") from error
        if url.get_backend_name() != "postgresql":
            raise checked.InputError("--store: a file (SQLite) or postgresql://..., not "
                                     f"{url.get_backend_name()}://")
        return url.render_as_string(hide_password=True), url
    if stat.S_ISDIR(_mode(given, make)):
        raise checked.InputError(f"{given}: a directory; name the file of the index")
    return given, sqlalchemy.engine.URL.create("sqlite", database=given)


def _mode(path, make):
    """Of a file; 0 where there is none, which make allows."""
    try:
        return os.stat(path).st_mode
    except FileNotFoundError as error:
        if make:
            return 0
        raise checked.InputError(f"{path}: no such file; make it with pktbench history import") from error
    except (OSError, ValueError) as error:
        raise checked.InputError(f"{path}: {getattr(error, 'strerror', None) or error}") from error


def _as_it_comes(connection, _):
    """The driver would begin and end transactions by itself."""
    connection.isolation_level = None
    # A commit of this kind outlives a kill, and of a power cut only the last runs are to be imported again.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin(connection):
    # One that reads first and writes then could have lost its turn by then.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _text(value):
    return json.dumps(value, sort_keys=True)


def _digest_of_file(path):
    made = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            made.update(block)
    return made.hexdigest()
