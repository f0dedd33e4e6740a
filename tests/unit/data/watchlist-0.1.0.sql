-- A watch list as version 0.1.0 wrote it (sqlite3's dump).
PRAGMA user_version = 3;
BEGIN TRANSACTION;
CREATE TABLE attempt (
  run INTEGER NOT NULL, number INTEGER NOT NULL, started REAL NOT NULL, ended REAL,
  state TEXT NOT NULL, message TEXT NOT NULL, PRIMARY KEY (run, number)
) WITHOUT ROWID;
INSERT INTO "attempt" VALUES(1,1,1793534400.0,1793534430.0,'failed','Visit failed');
INSERT INTO "attempt" VALUES(1,2,1793534440.0,NULL,'waiting','Waiting');
INSERT INTO "attempt" VALUES(2,1,1793534400.0,1793534403.0,'failed','There is no project lab/forks.');
CREATE TABLE line (
  id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL, attempt INTEGER NOT NULL, time REAL NOT NULL,
  message TEXT NOT NULL, status TEXT, level TEXT NOT NULL, state TEXT NOT NULL
);
INSERT INTO "line" VALUES(1,1,2,1793534440.0,'Attempt 2',NULL,'info','queued');
INSERT INTO "line" VALUES(2,1,2,1793534441.0,'Signing in to W&B…','signing-in','info','signing-in');
INSERT INTO "line" VALUES(3,1,2,1793534450.0,'Artifact v1 covers step 99, waiting for 200 (run running, step 1,200), next check in 5 s','not-available','info','waiting');
INSERT INTO "line" VALUES(4,1,2,1793534455.0,'Artifact v1 covers step 99, waiting for 200 (run running, step 1,201), next check in 4 s','not-available','info','waiting');
INSERT INTO "line" VALUES(5,1,2,1793534460.0,'Artifact v1 covers step 99, waiting for 200 (run running, step 1,202), next check in 3 s','not-available','info','waiting');
INSERT INTO "line" VALUES(6,1,2,1793534470.0,'Visit failed: No answer. Trying again in 30 s',NULL,'warning','waiting');
INSERT INTO "line" VALUES(7,1,2,1793534480.0,'Visit failed: No answer. Trying again in 60 s',NULL,'warning','waiting');
INSERT INTO "line" VALUES(8,2,1,1793534403.0,'There is no project lab/forks.',NULL,'error','failed');
CREATE TABLE list (server TEXT PRIMARY KEY, id TEXT NOT NULL, revision INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO "list" VALUES('https://api.wandb.ai','038b6af8430da0b0',1);
CREATE TABLE run (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  server TEXT NOT NULL, entity TEXT NOT NULL, project TEXT NOT NULL, run_id TEXT NOT NULL,
  goal TEXT NOT NULL, attempt INTEGER NOT NULL, state TEXT NOT NULL, message TEXT NOT NULL,
  artifact TEXT, elapsed REAL NOT NULL, baseline INTEGER, name TEXT, run_state TEXT, last_step INTEGER, failure TEXT, check_interval REAL, max_wait_time REAL,
  UNIQUE (server, entity, project, run_id)
);
INSERT INTO "run" VALUES(1,'https://api.wandb.ai','lab','forks','abc123','step:200',2,'waiting','Artifact v1 covers step 99, waiting for 200 (run running, step 1,204), next check in 5 s','lab/forks/run-abc123-history:v1',83.5,1,'brisk-sun-12','running',1204,NULL,2.0,600.0);
INSERT INTO "run" VALUES(2,'https://api.wandb.ai','lab','forks','def456','exists',1,'failed','There is no project lab/forks.',NULL,3.0,NULL,NULL,NULL,NULL,'not-found',NULL,NULL);
CREATE TABLE view (
  server TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (server, key)
) WITHOUT ROWID;
INSERT INTO "view" VALUES('https://api.wandb.ai','filter','"lab"');
CREATE INDEX line_of_run ON line (run, id);
CREATE TRIGGER run_gone AFTER DELETE ON run BEGIN
  DELETE FROM attempt WHERE run = OLD.position;
  DELETE FROM line WHERE run = OLD.position;
END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('run',2);
INSERT INTO "sqlite_sequence" VALUES('line',8);
COMMIT;
