//! The tables of the database.

/// The schema, a step a version; the file's `user_version` says how many of them it has. A step is never changed once
/// released. All is one database, so that a stanza's
/// effects and the session's counters are one transaction.
pub(super) const SCHEMA: &[&str] = &[
    "
    CREATE TABLE setting (
        key   TEXT NOT NULL PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE account (
        name     TEXT NOT NULL PRIMARY KEY,
        jid      TEXT NOT NULL,
        resource TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE base_presence (
        account  TEXT NOT NULL PRIMARY KEY REFERENCES account ON DELETE CASCADE,
        show     TEXT NOT NULL,
        status   TEXT,
        priority INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE tune_out (
        account TEXT NOT NULL PRIMARY KEY REFERENCES account ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
",
    "
    CREATE TABLE token (
        account   TEXT NOT NULL REFERENCES account ON DELETE CASCADE,
        place     INTEGER NOT NULL,
        mechanism TEXT NOT NULL,
        secret    TEXT NOT NULL,
        expiry    INTEGER,
        uses      INTEGER NOT NULL,
        PRIMARY KEY (account, place)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE offer (
        account    TEXT NOT NULL PRIMARY KEY REFERENCES account ON DELETE CASCADE,
        direct     INTEGER NOT NULL,
        fast       TEXT NOT NULL,
        bind       TEXT NOT NULL,
        management INTEGER NOT NULL,
        scheme     TEXT,
        version    TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE session (
        account      TEXT NOT NULL PRIMARY KEY REFERENCES account ON DELETE CASCADE,
        jid          TEXT NOT NULL,
        previd       TEXT NOT NULL,
        max          INTEGER,
        host         TEXT,
        port         INTEGER,
        client_state INTEGER NOT NULL,
        pre_approval INTEGER NOT NULL,
        hidden       INTEGER NOT NULL,
        handled      INTEGER NOT NULL,
        at           INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE message (
        number    INTEGER PRIMARY KEY,
        account   TEXT NOT NULL REFERENCES account ON DELETE CASCADE,
        id        TEXT NOT NULL,
        recipient TEXT NOT NULL,
        position  INTEGER,
        stanza    TEXT NOT NULL,
        at        INTEGER NOT NULL,
        after     TEXT,
        attempts  INTEGER NOT NULL,
        chosen    TEXT,
        behind    INTEGER NOT NULL,
        returned  INTEGER NOT NULL,
        replaces  TEXT,
        aside     TEXT,
        reason    TEXT,
        for_room  INTEGER NOT NULL AS (substr(stanza, 1, instr(stanza, '>')) LIKE '% type=''groupchat''%'),
        UNIQUE (account, id)
    ) STRICT;
    CREATE TABLE taken (
        number    INTEGER PRIMARY KEY,
        account   TEXT NOT NULL REFERENCES account ON DELETE CASCADE,
        id        TEXT NOT NULL,
        recipient TEXT NOT NULL,
        stanza    TEXT NOT NULL,
        at        INTEGER NOT NULL,
        after     TEXT,
        chosen    TEXT,
        returned  INTEGER NOT NULL,
        replaces  TEXT,
        for_room  INTEGER NOT NULL,
        UNIQUE (account, id)
    ) STRICT;
    CREATE INDEX message_behind ON message (account) WHERE behind AND aside IS NULL;
    CREATE INDEX message_aside ON message (account) WHERE aside IS NOT NULL;
    CREATE INDEX taken_by_account ON taken (account);
    CREATE TABLE timed_presence (
        account     TEXT NOT NULL PRIMARY KEY REFERENCES account ON DELETE CASCADE,
        show        TEXT NOT NULL,
        status      TEXT,
        priority    INTEGER,
        until       INTEGER NOT NULL,
        then_show   TEXT,
        then_status TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE directed_presence (
        account   TEXT NOT NULL REFERENCES account ON DELETE CASCADE,
        recipient TEXT NOT NULL,
        show      TEXT NOT NULL,
        status    TEXT,
        until     INTEGER,
        PRIMARY KEY (account, recipient)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE archive (
        account TEXT NOT NULL PRIMARY KEY REFERENCES account ON DELETE CASCADE,
        border  TEXT,
        at      INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE told (
        number  INTEGER PRIMARY KEY,
        account TEXT NOT NULL REFERENCES account ON DELETE CASCADE,
        name    TEXT NOT NULL,
        UNIQUE (account, name)
    ) STRICT;
    CREATE INDEX told_by_account ON told (account);
    CREATE TABLE roster (
        account TEXT NOT NULL PRIMARY KEY REFERENCES account ON DELETE CASCADE,
        ver     TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE contact (
        account      TEXT NOT NULL REFERENCES roster ON DELETE CASCADE,
        jid          TEXT NOT NULL,
        name         TEXT,
        subscription TEXT NOT NULL,
        asked        INTEGER NOT NULL,
        approved     INTEGER NOT NULL,
        groups       TEXT NOT NULL,
        PRIMARY KEY (account, jid)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE subscription_request (
        account TEXT NOT NULL REFERENCES account ON DELETE CASCADE,
        jid     TEXT NOT NULL,
        status  TEXT,
        at      INTEGER NOT NULL,
        PRIMARY KEY (account, jid)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE room (
        account    TEXT NOT NULL REFERENCES account ON DELETE CASCADE,
        jid        TEXT NOT NULL,
        name       TEXT,
        nick       TEXT,
        autojoin   INTEGER NOT NULL,
        bookmarked INTEGER NOT NULL,
        border     TEXT,
        at         INTEGER,
        PRIMARY KEY (account, jid)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE history (
        number    INTEGER PRIMARY KEY,
        account   TEXT NOT NULL REFERENCES account ON DELETE CASCADE,
        chat      TEXT NOT NULL,
        id        TEXT NOT NULL,
        origin    TEXT,
        place     TEXT,
        sender    TEXT NOT NULL,
        occupant  TEXT,
        recipient TEXT NOT NULL,
        kind      TEXT NOT NULL,
        body      TEXT,
        subject   TEXT,
        at        INTEGER NOT NULL,
        delayed   INTEGER NOT NULL,
        carbon    INTEGER NOT NULL,
        sent      INTEGER NOT NULL,
        unread    INTEGER NOT NULL,
        markable  INTEGER NOT NULL,
        state     TEXT,
        reason    TEXT,
        reply_to  TEXT,
        replaces  TEXT,
        encrypted TEXT,
        urls      TEXT,
        replaced_by TEXT,
        retracted INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE reaction (
        number INTEGER NOT NULL REFERENCES history ON DELETE CASCADE,
        sender TEXT NOT NULL,
        emojis TEXT NOT NULL,
        PRIMARY KEY (number, sender)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX history_by_time ON history (at);
    CREATE INDEX history_by_chat ON history (account, chat);
    CREATE INDEX history_by_id ON history (account, id);
    CREATE INDEX history_by_origin ON history (account, origin) WHERE origin <> id;
    CREATE INDEX history_by_replaced ON history (account, replaces) WHERE replaces IS NOT NULL;
    CREATE INDEX history_on_its_way ON history (account, chat)
        WHERE sent AND state IN ('queued', 'sent', 'received');
    CREATE INDEX history_by_account ON history (account);
    CREATE INDEX history_in_rooms ON history (account) WHERE kind = 'groupchat';
    CREATE INDEX history_in_talks ON history (account) WHERE kind <> 'groupchat';
    CREATE INDEX history_unread ON history (account, chat) WHERE unread;
    CREATE UNIQUE INDEX history_by_place ON history (account, chat, place) WHERE place IS NOT NULL;
    CREATE VIRTUAL TABLE history_text USING fts5
        (body, subject, content = 'history', content_rowid = 'number', columnsize = 0,
        tokenize = 'unicode61 remove_diacritics 2');
    INSERT INTO history_text (history_text, rank) VALUES ('secure-delete', 1);
    CREATE TRIGGER history_text_deleted AFTER DELETE ON history BEGIN
        INSERT INTO history_text (history_text, rowid, body, subject)
            VALUES ('delete', old.number, old.body, old.subject);
    END;
    CREATE TRIGGER history_text_changed AFTER UPDATE OF body, subject ON history BEGIN
        INSERT INTO history_text (history_text, rowid, body, subject)
            VALUES ('delete', old.number, old.body, old.subject);
        INSERT INTO history_text (rowid, body, subject) VALUES (new.number, new.body, new.subject);
    END;
",
];
