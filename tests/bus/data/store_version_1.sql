-- A store as the program before migrations made it (Connection.iterdump).
BEGIN TRANSACTION;
CREATE TABLE audit (
	number INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	event TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	"query" BLOB, 
	detail TEXT NOT NULL, 
	prev BLOB NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "audit" VALUES(1,1772415001123,'query.submitted','operator:值班员',X'019C2F00000070008000000000000001','{"code":null,"part":1,"名称":"甲"}',X'0000000000000000000000000000000000000000000000000000000000000000',X'79A771BC57D6FD0B0C88416DB156D832275D6AF5FF4B23BA6F600040FAF5CE10');
INSERT INTO "audit" VALUES(2,1772415002123,'query.submitted','operator:值班员',NULL,'{"code":null,"part":2,"名称":"甲"}',X'79A771BC57D6FD0B0C88416DB156D832275D6AF5FF4B23BA6F600040FAF5CE10',X'F0D5B7CC6526AE754685CF169244FEACA4B91197771BF1D4A93DB3DFA6019140');
CREATE TABLE cases (
	"query" BLOB NOT NULL, 
	role TEXT NOT NULL, 
	state TEXT NOT NULL, 
	opened BIGINT NOT NULL, 
	updated BIGINT NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY ("query", role)
);
INSERT INTO "cases" VALUES(X'019C2F00000070008000000000000001','requester','ANSWERED',1772415000123,1772415000123,'[{"query":"019c2f00-0000-7000-8000-000000000001","role":"requester","requester":"370000","state":"ANSWERED","opened":"2026-03-02T01:30:00.123000Z","updated":"2026-03-02T01:30:00.123000Z","application":"__________________________________________8=","request":{"nonce":"AAAAAAAAAAAAAAAAAAAAAA==","business":"D1","purpose":"低保","catalogue_version":1,"lines":[{"line":1,"row":4,"provider":"320000","category":"住房公积金","resource":"fund","items":["余额"],"time_from":null,"time_to":"2026-02-28"}],"readers":["-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s="]},"person_count":12,"parts":[{"kind":"Roster","part":1,"digest":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=","count":12}],"received":["BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="],"rows":[{"part":1,"resource":"fund","holder":"320000.housing-fund","leaf":true,"due":"2026-03-03T01:30:00.123000Z","order":"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=","state":"ANSWERED","fragments":[{"number":1,"digest":"__77AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","last":true}],"closed":"2026-03-03T01:30:00.123000Z","code":null}],"findings":[{"code":"COUNT","zh":"人数不符","en":"count differs","where":"申请!B7"}],"blocked":false,"decision":"CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=","decided_by":"policy","decided":"2026-03-03T01:30:00.123000Z","operator":"值班员","delivered":null}]');
CREATE TABLE directory (
	"key" TEXT NOT NULL, 
	record BLOB NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "directory" VALUES('head',X'31');
CREATE TABLE held (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	topic TEXT NOT NULL, 
	"key" BLOB, 
	value BLOB NOT NULL, 
	headers TEXT NOT NULL, 
	code TEXT NOT NULL, 
	"query" BLOB, 
	since BIGINT NOT NULL, 
	until BIGINT NOT NULL
);
INSERT INTO "held" VALUES(1,'t',X'6B',X'76','[]','KEY_UNKNOWN',NULL,1772415000123,1772501400123);
CREATE TABLE messages (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	digest BLOB NOT NULL, 
	"query" BLOB NOT NULL, 
	kind TEXT NOT NULL, 
	source TEXT NOT NULL, 
	message_id BLOB NOT NULL, 
	part INTEGER, 
	envelope BLOB NOT NULL, 
	secret BLOB, 
	sent BOOLEAN NOT NULL, 
	at BIGINT NOT NULL, 
	CONSTRAINT messages_digest UNIQUE (digest)
);
INSERT INTO "messages" VALUES(1,X'0101010101010101010101010101010101010101010101010101010101010101',X'019C2F00000070008000000000000001','Roster','370000',X'00000000000000000000000000000001',1,X'4844583100FF01',NULL,0,1772415000123);
CREATE TABLE offsets (
	topic TEXT NOT NULL, 
	partition INTEGER NOT NULL, 
	next_offset BIGINT NOT NULL, 
	PRIMARY KEY (topic, partition)
);
INSERT INTO "offsets" VALUES('t',0,7);
CREATE TABLE outbox (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	topic TEXT NOT NULL, 
	"key" BLOB NOT NULL, 
	value BLOB NOT NULL, 
	headers TEXT NOT NULL, 
	created BIGINT NOT NULL, 
	sent BIGINT
);
INSERT INTO "outbox" VALUES(1,'t',X'6B',X'76','[["ce_id", "61"], ["traceparent", "00ff"]]',1772415000123,NULL);
CREATE TABLE quarantined (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	topic TEXT NOT NULL, 
	partition INTEGER NOT NULL, 
	"offset" BIGINT NOT NULL, 
	"key" BLOB, 
	value BLOB, 
	headers TEXT NOT NULL, 
	code TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	replayed BIGINT
);
INSERT INTO "quarantined" VALUES(1,'t',0,2,NULL,X'78','[]','FORMAT','',1772415000123,NULL);
CREATE TABLE schema_version (
	version INTEGER NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "schema_version" VALUES(1);
CREATE TABLE seen (
	source TEXT NOT NULL, 
	message_id BLOB NOT NULL, 
	digest BLOB NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (source, message_id)
);
INSERT INTO "seen" VALUES('370000',X'019C2F0000007000800000000000000A',X'0101010101010101010101010101010101010101010101010101010101010101',1772415000123);
CREATE TABLE year_tables (
	year INTEGER NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (year)
);
INSERT INTO "year_tables" VALUES(2027,'1');
CREATE INDEX cases_newest ON cases (role, opened);
CREATE INDEX messages_query ON messages ("query", number);
CREATE INDEX outbox_unsent ON outbox (number) WHERE sent IS NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('messages',1);
INSERT INTO "sqlite_sequence" VALUES('outbox',1);
INSERT INTO "sqlite_sequence" VALUES('held',1);
INSERT INTO "sqlite_sequence" VALUES('quarantined',1);
COMMIT;
