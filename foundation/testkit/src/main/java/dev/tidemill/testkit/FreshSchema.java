package dev.tidemill.testkit;

import java.sql.SQLException;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives a test class a {@link TestDatabase}: as a parameter of its constructor and its methods. Nested classes share
 * their outer class's.
 *
 * <pre>{@code
 * @ExtendWith(FreshSchema.class)
 * class StoreTest {
 *     private final TestDatabase database;
 *
 *     StoreTest(TestDatabase database) {
 *         this.database = database;
 *     }
 * }
 * }</pre>
 */
public final class FreshSchema implements BeforeAllCallback, ParameterResolver {
    private static final Namespace NAMESPACE = Namespace.create(FreshSchema.class);

    /** For JUnit. */
    public FreshSchema() {}

    @Override
    public void beforeAll(ExtensionContext context) {
        // Made here, so that it lives as long as the class and not as a test of it.
        database(context);
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == TestDatabase.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return database(context);
    }

    private static TestDatabase database(ExtensionContext context) {
        return context.getStore(NAMESPACE)
                .computeIfAbsent(
                        Reserved.class,
                        key -> new Reserved(
                                new TestDatabase(TestServer.shared(), nameFor(context.getRequiredTestClass()))),
                        Reserved.class)
                .database();
    }

    static String nameFor(Class<?> test) {
        return Schemas.name(test.getSimpleName());
    }

    /** A name in use; JUnit closes it when the class that it was made for is done. */
    record Reserved(TestDatabase database) implements AutoCloseable {
        @Override
        public void close() throws SQLException {
            Schemas.drop(database.dataSource(), database.schema());
        }
    }
}
