package dev.tidemill.bench;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.postgresql.PGConnection;

/**
 * What a database asks of anybody, by plain JDBC: the commit of one row, and a notification on which another process
 * takes the row out. Neither knows of priorities, history, crashes or anything else that a job system is for, so that
 * pick-up cannot well be faster, and what it takes beyond is the job system's.
 */
final class Floor {
    private static final int NOTICED_WITHIN_MILLIS = 1_000;

    private final HikariDataSource pool;
    private final String table;
    private final String channel;

    Floor(HikariDataSource pool, String schema) throws SQLException {
        this.pool = pool;
        this.table = schema + ".floor";
        this.channel = schema + "_floor";
        execute("create schema if not exists " + schema);
        execute("create table if not exists " + table + " (id bigint primary key, sent bigint, payload text)");
    }

    /** Commits so many rows of an order's size, and tells how long each took. */
    void commits(int count) throws Exception {
        try (Connection connection = pool.getConnection();
                PreparedStatement insert = connection.prepareStatement(inserting())) {
            Worker.paced(count, id -> {
                long sent = insert(insert, id);
                if (id >= 0) {
                    Worker.say("wait " + (Micros.now() - sent));
                }
            });
        }
    }

    /** Commits so many rows and notifies with each. */
    void notifies(int count) throws Exception {
        try (Connection connection = pool.getConnection();
                PreparedStatement insert = connection.prepareStatement("with row as (" + inserting()
                        + " returning id) select pg_notify('" + channel + "', '') from row")) {
            Worker.paced(count, id -> insert(insert, id));
        }
    }

    /** Takes rows out when it is notified, until it has so many, and tells how long each of them lay. */
    void takes(int count) throws SQLException {
        try (Connection hearing = pool.getConnection();
                Connection taking = pool.getConnection();
                Statement listen = hearing.createStatement();
                PreparedStatement take =
                        taking.prepareStatement("delete from " + table + " where id in (select id from " + table
                                + " order by id limit 10 for update skip locked) returning id, sent")) {
            listen.execute("listen " + channel);
            Worker.say("ready");
            PGConnection notified = hearing.unwrap(PGConnection.class);
            int left = count;
            while (left > 0) {
                notified.getNotifications(NOTICED_WITHIN_MILLIS);
                try (ResultSet rows = take.executeQuery()) {
                    long now = Micros.now();
                    while (rows.next()) {
                        if (rows.getLong("id") >= 0) {
                            Worker.say("wait " + (now - rows.getLong("sent")));
                            left--;
                        }
                    }
                }
            }
        }
    }

    private String inserting() {
        return "insert into " + table + " (id, sent, payload) values (?, ?, ?)";
    }

    /** Returns when it was sent. */
    private static long insert(PreparedStatement insert, long id) throws SQLException {
        long sent = Micros.now();
        insert.setLong(1, id);
        insert.setLong(2, sent);
        insert.setString(3, Order.at(sent, id).toString());
        insert.execute();
        return sent;
    }

    private void execute(String sql) throws SQLException {
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
