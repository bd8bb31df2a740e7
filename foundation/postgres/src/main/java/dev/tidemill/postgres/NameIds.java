package dev.tidemill.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The numbers that stand for kinds and queues in the tables. Numbers are given for good, in a transaction of their
 * own, so what is remembered here is always true. Thread safe.
 */
final class NameIds {
    private final Session session;
    private final String find;
    private final String add;
    private final Map<String, Integer> ids = new ConcurrentHashMap<>();
    private final Map<Integer, String> names = new ConcurrentHashMap<>();
    private final String findName;

    NameIds(Session session, Statements statements, String what) {
        this.session = session;
        this.find = statements.get(what + "_id");
        this.add = statements.get("add_" + what);
        this.findName = "select name from " + statements.schema() + "." + what + " where id = ?";
    }

    /** The name's number, given now if it had none. */
    int id(String name) {
        Integer known = ids.get(name);
        return known != null ? known : session.call(connection -> lookUp(connection, name));
    }

    private int lookUp(Connection connection, String name) throws SQLException {
        Integer id = find(connection, name);
        while (id == null) {
            try (PreparedStatement statement = connection.prepareStatement(add)) {
                statement.setString(1, name);
                statement.executeUpdate();
            }
            id = find(connection, name);
        }
        ids.put(name, id);
        names.put(id, name);
        return id;
    }

    private @Nullable Integer find(Connection connection, String name) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(find)) {
            statement.setString(1, name);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? rows.getInt(1) : null;
            }
        }
    }

    /** The number's name. */
    String name(int id) {
        String known = names.get(id);
        return known != null
                ? known
                : session.call(connection -> {
                    try (PreparedStatement statement = connection.prepareStatement(findName)) {
                        statement.setInt(1, id);
                        try (ResultSet rows = statement.executeQuery()) {
                            String name = rows.next() ? rows.getString(1) : "";
                            names.put(id, name);
                            return name;
                        }
                    }
                });
    }
}
