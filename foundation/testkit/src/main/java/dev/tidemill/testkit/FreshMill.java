package dev.tidemill.testkit;

import dev.tidemill.jobs.TidemillBuilder;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives every JUnit test a {@link TestMill} with a schema of its own, as a parameter.
 *
 * <pre>{@code
 * @RegisterExtension
 * final FreshMill fresh = FreshMill.with(jobs -> jobs.handle(SendWelcome.class, welcome));
 *
 * @Test
 * void aNewCustomerIsWelcomed(TestMill mill) { .. }
 * }</pre>
 */
public final class FreshMill implements BeforeEachCallback, ParameterResolver {
    private static final Namespace NAMESPACE = Namespace.create(FreshMill.class);

    private final Supplier<TestMill> start;

    private FreshMill(Supplier<TestMill> start) {
        this.start = start;
    }

    /** In the embedded PostgreSQL. */
    public static FreshMill with(UnaryOperator<TidemillBuilder> jobs) {
        return new FreshMill(() -> TestMill.start(jobs));
    }

    /** In your database, which is asked for before each test. */
    public static FreshMill on(Supplier<DataSource> dataSource, UnaryOperator<TidemillBuilder> jobs) {
        return new FreshMill(() -> TestMill.start(dataSource.get(), jobs));
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        // JUnit closes what its store holds when the test is over.
        mill(context);
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == TestMill.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return mill(context);
    }

    private TestMill mill(ExtensionContext context) {
        return context.getStore(NAMESPACE).computeIfAbsent(TestMill.class, key -> start.get(), TestMill.class);
    }
}
