package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Many who search at the same moment. */
@ExtendWith(FreshSchema.class)
final class SearchesTogetherTest {
    private static final int SEARCHERS = 60;
    private static final int GROUPS = 4;

    private final AtomicInteger open = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();

    /** Hands out what another does, and counts what is in use at a time. */
    private DataSource counting(DataSource source) {
        return proxy(DataSource.class, (self, method, arguments) -> {
            Object answer = invoke(source, method, arguments);
            if (!(answer instanceof Connection connection)) {
                return answer;
            }
            most.accumulateAndGet(open.incrementAndGet(), Math::max);
            return proxy(Connection.class, (lent, called, given) -> {
                if (called.getName().equals("close") && !connection.isClosed()) {
                    open.decrementAndGet();
                }
                return invoke(connection, called, given);
            });
        });
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    private static @Nullable Object invoke(Object target, Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException failed) {
            throw failed.getCause();
        }
    }

    @Test
    void takeAFewConnectionsHoweverManyTheyAre(TestDatabase database) throws Exception {
        PostgresJobStoreProvider provider = new PostgresJobStoreProvider();
        provider.open(database.dataSource(), database.schema(), true).close();
        CountDownLatch go = new CountDownLatch(1);
        List<Future<Integer>> answers = new ArrayList<>();
        try (JobStore store = provider.open(counting(database.dataSource()), database.schema(), false);
                ExecutorService searchers = Executors.newVirtualThreadPerTaskExecutor()) {
            most.set(open.get());
            int before = open.get();
            for (int i = 0; i < SEARCHERS; i++) {
                answers.add(searchers.submit(() -> {
                    go.await();
                    return store.search().find(JobFilter.ANY, null, 10).jobs().size();
                }));
            }
            go.countDown();
            for (Future<Integer> answer : answers) {
                assertThat(answer.get()).isZero();
            }
            assertThat(most.get() - before).isBetween(1, GROUPS);
        }
    }
}
