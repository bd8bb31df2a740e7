package dev.tidemill.postgres;

import static dev.tidemill.postgres.Examination.size;
import static dev.tidemill.postgres.Examination.span;

import dev.tidemill.jobs.Ailment;
import dev.tidemill.jobs.Severity;
import java.math.BigDecimal;
import java.math.MathContext;
import java.sql.SQLException;

/** What the whole server or database has: settings, transactions, snapshots, slots, notifications. */
final class ServerChecks {
    private static final long LONG_SECONDS = 900;

    private ServerChecks() {}

    static void settings(Examination examination) throws SQLException {
        examination.each("checkup_settings", rows -> {
            String name = rows.getString(1);
            String value = rows.getString(2);
            boolean vacuum = name.equals("autovacuum") || name.equals("track_counts");
            boolean commit = name.equals("synchronous_commit");
            if (commit && value.equals("local")) {
                return;
            }
            examination.found(
                    vacuum ? Ailment.AUTOVACUUM_OFF : Ailment.UNSAFE_SETTING,
                    commit ? Severity.INFO : Severity.CRITICAL,
                    name + " is " + value + "."
                            + (commit
                                    ? " The last commits before a crash of the server may be lost, nothing worse."
                                    : ""),
                    "alter system set " + name + " = 'on'; select pg_reload_conf();"
                            + (commit ? " Or leave it, if that is meant." : ""),
                    "setting",
                    name,
                    "value",
                    value);
        });
    }

    static void idle(Examination examination) throws SQLException {
        examination.each(
                "checkup_idle",
                rows -> {
                    long seconds = rows.getLong(4);
                    examination.found(
                            Ailment.IDLE_IN_TRANSACTION,
                            PostgresCheckup.worse(seconds > LONG_SECONDS),
                            "Session " + rows.getInt(1) + " of " + who(rows.getString(2), rows.getString(3))
                                    + " has been idle in " + (rows.getBoolean(6) ? "a failed" : "a")
                                    + " transaction for " + span(seconds) + ".",
                            "select pg_terminate_backend(" + rows.getInt(1)
                                    + "); and against the next one: alter database .. set"
                                    + " idle_in_transaction_session_timeout = '1min';",
                            "pid",
                            rows.getLong(1),
                            "user",
                            rows.getString(2),
                            "application",
                            rows.getString(3),
                            "idle_s",
                            seconds,
                            "transaction_s",
                            rows.getLong(5));
                },
                examination.patience().toSeconds());
        examination.each("checkup_hidden_sessions", rows -> {
            if (rows.getLong(1) > 0) {
                examination.unseen("What " + rows.getLong(1)
                        + " sessions of other users do, and for how long: grant pg_read_all_stats to this user.");
            }
        });
    }

    static void snapshots(Examination examination) throws SQLException {
        examination.each(
                "checkup_xmin",
                rows -> {
                    long seconds = rows.getLong(6);
                    boolean hidden = rows.wasNull();
                    boolean standby = rows.getBoolean(5);
                    examination.found(
                            Ailment.HELD_XMIN,
                            PostgresCheckup.worse(seconds > LONG_SECONDS),
                            (standby ? "A standby behind session " : "Session ") + rows.getInt(1) + " of "
                                    + who(rows.getString(2), rows.getString(3)) + " holds a snapshot "
                                    + rows.getLong(7) + " transactions old"
                                    + (hidden ? "." : ", for " + span(seconds) + ", " + rows.getString(4) + "."),
                            standby
                                    ? "End the long query on the standby, or set hot_standby_feedback = off there."
                                    : "If nobody needs it: select pg_terminate_backend(" + rows.getInt(1)
                                            + "); what it does: select query from pg_stat_activity where pid = "
                                            + rows.getInt(1) + ";",
                            "pid",
                            rows.getLong(1),
                            "user",
                            rows.getString(2),
                            "application",
                            rows.getString(3),
                            "state",
                            rows.getString(4),
                            "transaction_s",
                            seconds,
                            "age_transactions",
                            rows.getLong(7));
                },
                examination.patience().toSeconds(),
                examination.limits().hiddenXminAge());
    }

    private static String who(String user, String application) {
        return application.isEmpty() ? user : user + " (" + application + ")";
    }

    static void prepared(Examination examination) throws SQLException {
        examination.each(
                "checkup_prepared",
                rows -> {
                    long seconds = rows.getLong(3);
                    String quoted = "'" + rows.getString(1).replace("'", "''") + "'";
                    examination.found(
                            Ailment.PREPARED_TRANSACTION,
                            PostgresCheckup.worse(seconds > LONG_SECONDS),
                            "Transaction " + quoted + " of " + rows.getString(2) + " was prepared " + span(seconds)
                                    + " ago and is still open, " + rows.getLong(4) + " transactions old.",
                            "rollback prepared " + quoted + "; or, if its coordinator decided so: commit prepared "
                                    + quoted + ";",
                            "gid",
                            rows.getString(1),
                            "owner",
                            rows.getString(2),
                            "prepared_s",
                            seconds,
                            "age_transactions",
                            rows.getLong(4));
                },
                examination.patience().toSeconds());
    }

    static void slots(Examination examination) throws SQLException {
        examination.each(
                "checkup_slots",
                rows -> examination.found(
                        Ailment.REPLICATION_SLOT,
                        PostgresCheckup.worse(
                                rows.getLong(5) > 10 * examination.limits().retainedWalBytes()),
                        "Nobody reads the " + rows.getString(2) + " replication slot " + rows.getString(1)
                                + ": it keeps " + size(rows.getLong(5)) + " of log"
                                + held(rows.getLong(3), " and every row deleted in the last ")
                                + held(rows.getLong(4), " and the catalogs' rows of the last ") + ".",
                        "Start its reader again, or, if that is gone for good: select pg_drop_replication_slot('"
                                + rows.getString(1) + "');",
                        "slot",
                        rows.getString(1),
                        "type",
                        rows.getString(2),
                        "retained_bytes",
                        rows.getLong(5),
                        "xmin_age",
                        rows.getLong(3),
                        "catalog_xmin_age",
                        rows.getLong(4)),
                examination.limits().retainedWalBytes());
    }

    private static String held(long age, String what) {
        return age == 0 ? "" : what + age + " transactions";
    }

    static void notifications(Examination examination) throws SQLException {
        examination.each("checkup_notify", rows -> {
            double usage = rows.getDouble(1);
            if (usage > examination.limits().notifyUsage()) {
                examination.found(
                        Ailment.NOTIFY_QUEUE,
                        PostgresCheckup.worse(usage > 0.5),
                        "The queue of notifications is " + percent(usage) + " % full: a session that listens does not"
                                + " take its own, because its transaction is open.",
                        "End the session that listens and is idle in a transaction: select pid, xact_start from"
                                + " pg_stat_activity where query ilike 'listen%' order by xact_start;",
                        "used_percent",
                        percent(usage));
            }
        });
    }

    private static String percent(double share) {
        return BigDecimal.valueOf(share * 100).round(new MathContext(2)).toPlainString();
    }
}
