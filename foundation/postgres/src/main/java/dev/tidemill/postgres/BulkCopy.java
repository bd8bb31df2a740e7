package dev.tidemill.postgres;

import dev.tidemill.jobs.store.NewJob;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** Takes in many jobs by COPY: bodies, and rows in ready or scheduled. */
record BulkCopy(Statements statements, NameIds kinds, NameIds queues) {
    /**
     * Writes them.
     *
     * @param ids of the jobs, place by place
     * @param ready the places of those that may run now
     * @param later the places of those that may not yet
     * @param now the database's clock
     */
    void write(
            Connection connection,
            List<NewJob> jobs,
            List<Long> ids,
            List<Integer> ready,
            List<Integer> later,
            long now)
            throws SQLException {
        String schema = statements.schema();
        copyInto(connection, schema + ".job (id, created, kind, queue, priority, payload, meta)", copy -> {
            for (int i = 0; i < jobs.size(); i++) {
                NewJob job = jobs.get(i);
                copy.row(7);
                copy.int8(ids.get(i));
                copy.int8(now);
                copy.int4(kinds.id(job.kind()));
                copy.int4(queues.id(job.queue()));
                copy.int2(job.priority().code());
                copy.text(job.payload());
                copy.text(job.meta());
            }
        });
        if (!ready.isEmpty()) {
            copyInto(connection, schema + ".ready (start_by, job, kind, queue, priority, attempt, failures)", copy -> {
                for (int i : ready) {
                    NewJob job = jobs.get(i);
                    copy.row(7);
                    copy.int8(now + job.startWithinMicros());
                    copyRest(copy, job, ids.get(i));
                }
            });
        }
        if (!later.isEmpty()) {
            copyInto(
                    connection,
                    schema + ".scheduled (due, start_within, job, kind, queue, priority, attempt, failures)",
                    copy -> {
                        for (int i : later) {
                            NewJob job = jobs.get(i);
                            copy.row(8);
                            copy.int8(due(job, now));
                            copy.int8(job.startWithinMicros());
                            copyRest(copy, job, ids.get(i));
                        }
                    });
        }
    }

    private void copyRest(BinaryCopy copy, NewJob job, long id) {
        copy.int8(id);
        copy.int4(kinds.id(job.kind()));
        copy.int4(queues.id(job.queue()));
        copy.int2(job.priority().code());
        copy.int2(1);
        copy.int2(0);
    }

    @FunctionalInterface
    private interface Lines {
        void writeTo(BinaryCopy copy) throws SQLException;
    }

    private static void copyInto(Connection connection, String into, Lines lines) throws SQLException {
        BinaryCopy copy = new BinaryCopy(connection, into);
        try {
            lines.writeTo(copy);
            copy.end();
        } catch (SQLException | RuntimeException failed) {
            copy.cancel();
            throw failed;
        }
    }

    /** When a job for later is due. */
    static long due(NewJob job, long now) {
        return job.atMicros() > 0 ? job.atMicros() : now + job.delayMicros();
    }
}
