package dev.tidemill.model;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/**
 * PostgreSQL as far as the protocol needs it. A row is a number with a small value, 0 for a row that is not there.
 *
 * <p>What a session has written others see when it commits; until then they wait for it, where they want to write or lock
 * the same row or insert the same key. FOR KEY SHARE is held by many, keeps a deletion waiting, and does not keep an
 * update waiting that leaves the key alone. A statement sees what was committed when it began; one that waited looks at
 * the row it waited for again, as it is now, and at everything else as it was (READ COMMITTED).
 */
final class Database {
    private static final byte[] NO_SNAPSHOT = {};

    private final byte[] rows;
    private final byte[] pending;
    private final byte[] writer;
    private final byte[] holders;
    private final byte[] advisory;
    private final byte[][] snapshots;

    Database(int rows, int sessions, int locks) {
        this(new byte[rows], new byte[rows], new byte[rows], new byte[rows], new byte[locks], none(sessions));
    }

    private Database(byte[] rows, byte[] pending, byte[] writer, byte[] holders, byte[] advisory, byte[][] snapshots) {
        this.rows = rows;
        this.pending = pending;
        this.writer = writer;
        this.holders = holders;
        this.advisory = advisory;
        this.snapshots = snapshots;
    }

    private static byte[][] none(int sessions) {
        byte[][] snapshots = new byte[sessions][];
        Arrays.fill(snapshots, NO_SNAPSHOT);
        return snapshots;
    }

    Database copy() {
        return new Database(
                rows.clone(), pending.clone(), writer.clone(), holders.clone(), advisory.clone(), snapshots.clone());
    }

    /** As everybody sees it. */
    int committed(int row) {
        return rows[row];
    }

    /** As a statement sees it: what it wrote itself, else what was committed when it began. */
    int see(int session, int row) {
        if (writer[row] == session + 1) {
            return pending[row];
        }
        byte[] snapshot = snapshots[session];
        return snapshot.length > 0 ? snapshot[row] : rows[row];
    }

    /** As a row is that the statement has waited for. */
    int seeNow(int session, int row) {
        return writer[row] == session + 1 ? pending[row] : rows[row];
    }

    /** Whether no other session has written it and not ended. */
    boolean isFree(int session, int row) {
        return writer[row] == 0 || writer[row] == session + 1;
    }

    /** Whether another session holds it FOR KEY SHARE. */
    boolean isHeldByOthers(int session, int row) {
        return (holders[row] & ~(1 << session)) != 0;
    }

    boolean holds(int session, int row) {
        return (holders[row] & 1 << session) != 0;
    }

    /** FOR KEY SHARE. */
    void hold(int session, int row) {
        holders[row] |= (byte) (1 << session);
    }

    /** Writes a row that is free. */
    void write(int session, int row, int value) {
        if (!isFree(session, row)) {
            throw new IllegalStateException("row " + row + " is another's");
        }
        writer[row] = (byte) (session + 1);
        pending[row] = (byte) value;
    }

    /** Takes an advisory lock for the transaction; false if another has it. */
    boolean lock(int session, int lock) {
        if (advisory[lock] != 0 && advisory[lock] != session + 1) {
            return false;
        }
        advisory[lock] = (byte) (session + 1);
        return true;
    }

    /** From now on the session's statements see what is committed now, as a statement that waits does. */
    void keepSnapshot(int session) {
        if (snapshots[session].length == 0) {
            snapshots[session] = rows.clone();
        }
    }

    /** The next statement sees what is committed when it begins. */
    void freshSnapshot(int session) {
        snapshots[session] = NO_SNAPSHOT;
    }

    void commit(int session) {
        for (int row = 0; row < rows.length; row++) {
            if (writer[row] == session + 1) {
                rows[row] = pending[row];
            }
        }
        abort(session);
    }

    void abort(int session) {
        for (int row = 0; row < rows.length; row++) {
            if (writer[row] == session + 1) {
                writer[row] = 0;
                pending[row] = 0;
            }
            holders[row] &= (byte) ~(1 << session);
        }
        for (int lock = 0; lock < advisory.length; lock++) {
            advisory[lock] = advisory[lock] == session + 1 ? 0 : advisory[lock];
        }
        snapshots[session] = NO_SNAPSHOT;
    }

    /** A row that only its own transaction touches, such as one of the application's. */
    void add(int row) {
        rows[row]++;
    }

    void writeKey(ByteArrayOutputStream key) {
        key.writeBytes(rows);
        key.writeBytes(pending);
        key.writeBytes(writer);
        key.writeBytes(holders);
        key.writeBytes(advisory);
        for (byte[] snapshot : snapshots) {
            key.write(snapshot.length);
            key.writeBytes(snapshot);
        }
    }
}
