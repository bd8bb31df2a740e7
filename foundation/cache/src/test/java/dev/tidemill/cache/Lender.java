package dev.tidemill.cache;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;

/** A pool as an application has one, as far as it matters who gives what back: it looks at what it gets. */
final class Lender {
    final AtomicInteger lent = new AtomicInteger();
    final AtomicInteger looked = new AtomicInteger();
    final AtomicInteger brokenOnes = new AtomicInteger();
    final List<String> leftBehind = new CopyOnWriteArrayList<>();
    private final DataSource source;

    Lender(DataSource source) {
        this.source = source;
    }

    DataSource dataSource() {
        return (DataSource) Proxy.newProxyInstance(
                Lender.class.getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, arguments) -> {
                    Object answer = call(source, method, arguments);
                    return answer instanceof Connection connection ? lend(connection) : answer;
                });
    }

    private Connection lend(Connection connection) {
        lent.incrementAndGet();
        AtomicBoolean returned = new AtomicBoolean();
        return (Connection) Proxy.newProxyInstance(
                Lender.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("close")) {
                        if (returned.compareAndSet(false, true)) {
                            takeBack(connection);
                        }
                        return null;
                    }
                    return call(connection, method, arguments);
                });
    }

    /** One that broke has no session any more in which something could be left. */
    private void takeBack(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select pg_listening_channels()")) {
            while (rows.next()) {
                leftBehind.add(rows.getString(1));
            }
            looked.incrementAndGet();
        } catch (SQLException broken) {
            brokenOnes.incrementAndGet();
        }
        connection.close();
        lent.decrementAndGet();
    }

    private static Object call(Object on, Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(on, arguments);
        } catch (InvocationTargetException failed) {
            throw failed.getCause() == null ? failed : failed.getCause();
        }
    }
}
