import GRDB

/// The tables, one migration a change; a migration that has been released is never edited.
enum Schema {
    static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in try database.execute(sql: first) }
        migrator.registerMigration("2") { database in
            try database.execute(sql: second)
            try database.enterStages()
        }
        migrator.registerMigration("3") { database in try database.execute(sql: third) }
        return migrator
    }()

    /// `fact` is the journal and is only ever added to. `execution` and the current rows of `action` are the snapshot;
    /// the other rows of `action` and the three tables below it are history. Moments are milliseconds since 1970 UTC.
    private static let first = """
        CREATE TABLE pipeline (
            name TEXT NOT NULL,
            version INTEGER NOT NULL,
            definition TEXT NOT NULL,
            PRIMARY KEY (name, version)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE execution (
            ordinal INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            pipeline TEXT NOT NULL,
            pipelineVersion INTEGER NOT NULL,
            status TEXT NOT NULL,
            startedAt INTEGER NOT NULL,
            updatedAt INTEGER NOT NULL,
            start TEXT NOT NULL,
            statusDetail TEXT NOT NULL,
            variables TEXT NOT NULL,
            stagesEntered INTEGER NOT NULL,
            FOREIGN KEY (pipeline, pipelineVersion) REFERENCES pipeline (name, version)
        ) STRICT;
        CREATE INDEX executionByPipeline ON execution (pipeline, ordinal);

        CREATE TABLE fact (
            ordinal INTEGER PRIMARY KEY,
            execution TEXT NOT NULL REFERENCES execution (id),
            at INTEGER NOT NULL,
            body TEXT NOT NULL
        ) STRICT;
        CREATE INDEX factByExecution ON fact (execution, ordinal);

        CREATE TABLE outbox (
            execution TEXT NOT NULL REFERENCES execution (id),
            key TEXT NOT NULL,
            effect TEXT NOT NULL,
            PRIMARY KEY (execution, key)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE action (
            ordinal INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            execution TEXT NOT NULL REFERENCES execution (id),
            stage TEXT NOT NULL,
            action TEXT NOT NULL,
            isCurrent INTEGER NOT NULL,
            status TEXT NOT NULL,
            startedAt INTEGER NOT NULL,
            updatedAt INTEGER NOT NULL,
            errorCode TEXT,
            errorMessage TEXT,
            body TEXT NOT NULL
        ) STRICT;
        CREATE INDEX actionByExecution ON action (execution, ordinal);

        CREATE TABLE artifact (
            action TEXT NOT NULL REFERENCES action (id),
            name TEXT NOT NULL,
            digest TEXT NOT NULL,
            PRIMARY KEY (action, name)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX artifactByDigest ON artifact (digest);

        CREATE TABLE revision (
            action TEXT PRIMARY KEY REFERENCES action (id),
            revision TEXT NOT NULL,
            changeIdentifier TEXT,
            summary TEXT,
            created INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX revisionByID ON revision (revision);

        CREATE TABLE outputVariable (
            action TEXT NOT NULL REFERENCES action (id),
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (action, name)
        ) STRICT, WITHOUT ROWID;
        """

    /// An execution waits between its stages now: what it is in each stage is stored, and that it was let in is a fact.
    /// `action` holds rules, too; `gates` what is known of a pipeline beside its executions.
    private static let second = """
        CREATE TABLE stage (
            execution TEXT NOT NULL REFERENCES execution (id),
            position INTEGER NOT NULL,
            name TEXT NOT NULL,
            enteredAt INTEGER NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (execution, position)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE gates (
            pipeline TEXT PRIMARY KEY,
            version INTEGER NOT NULL,
            body TEXT NOT NULL,
            FOREIGN KEY (pipeline, version) REFERENCES pipeline (name, version)
        ) STRICT, WITHOUT ROWID;

        ALTER TABLE execution ADD COLUMN attempt INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE action ADD COLUMN condition TEXT;
        """

    /// When a pipeline got a version, and by which token an execution was started.
    private static let third = """
        ALTER TABLE pipeline ADD COLUMN updatedAt INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE execution ADD COLUMN clientRequestToken TEXT;
        CREATE UNIQUE INDEX executionByToken ON execution (pipeline, clientRequestToken)
            WHERE clientRequestToken IS NOT NULL;
        CREATE INDEX executionInProgress ON execution (pipeline)
            WHERE status IN ('InProgress', 'Stopping');
        """
}
