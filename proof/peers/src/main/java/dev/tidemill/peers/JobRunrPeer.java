package dev.tidemill.peers;

import static org.jobrunr.server.BackgroundJobServerConfiguration.usingStandardBackgroundJobServerConfiguration;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.bench.Order;
import java.util.List;
import java.util.Objects;
import org.jobrunr.configuration.JobRunr;
import org.jobrunr.configuration.JobRunrConfiguration;
import org.jobrunr.jobs.lambdas.JobRequest;
import org.jobrunr.jobs.lambdas.JobRequestHandler;
import org.jobrunr.scheduling.JobRequestScheduler;
import org.jobrunr.server.BackgroundJobServerConfiguration;
import org.jobrunr.server.JobActivator;
import org.jobrunr.storage.StorageProviderUtils.DatabaseOptions;
import org.jobrunr.storage.sql.postgres.PostgresStorageProvider;
import org.jobrunr.utils.mapper.jackson3.Jackson3JsonMapper;
import org.jspecify.annotations.Nullable;

/**
 * JobRunr with job requests (no byte code is analysed), the shortest poll interval it allows, virtual threads. Public,
 * as are its jobs: JobRunr calls them by reflection.
 */
public final class JobRunrPeer implements Peer {
    private static final int POLL_SECONDS = 5;

    private final HikariDataSource database;
    private final Handling handling;
    private final int concurrency;
    private @Nullable JobRequestScheduler scheduler;

    private JobRunrPeer(HikariDataSource database, Handling handling, int concurrency) {
        this.database = database;
        this.handling = handling;
        this.concurrency = concurrency;
    }

    /** See {@link PeerProcess}. */
    public static void main(String[] arguments) throws Exception {
        PeerProcess.run(arguments, JobRunrPeer::new);
    }

    /** What is enqueued. */
    public record Request(Order order) implements JobRequest {
        @Override
        public Class<Handler> getJobRequestHandler() {
            return Handler.class;
        }
    }

    /** What runs it. */
    public record Handler(Handling handling) implements JobRequestHandler<Request> {
        @Override
        public void run(Request request) throws Exception {
            handling.handle(request.order());
        }
    }

    @Override
    public void install() {
        new PostgresStorageProvider(database, DatabaseOptions.CREATE).close();
    }

    @Override
    public void start(boolean working) {
        BackgroundJobServerConfiguration server =
                usingStandardBackgroundJobServerConfiguration().andPollIntervalInSeconds(POLL_SECONDS);
        if (concurrency > 0) {
            server.andWorkerCount(concurrency);
        }
        JobRunrConfiguration configuration = JobRunr.configure()
                .useJsonMapper(new Jackson3JsonMapper())
                .useJobActivator(new JobActivator() {
                    @Override
                    public <T> T activateJob(Class<T> type) {
                        return type.cast(new Handler(handling));
                    }
                })
                .useStorageProvider(new PostgresStorageProvider(database, DatabaseOptions.SKIP_CREATE));
        scheduler = configuration
                .useBackgroundJobServerIf(working, server)
                .initialize()
                .getJobRequestScheduler();
    }

    @Override
    public void enqueue(Order order) {
        Objects.requireNonNull(scheduler).enqueue(new Request(order));
    }

    @Override
    public void enqueueAll(List<Order> orders) {
        Objects.requireNonNull(scheduler).enqueue(orders.stream().map(Request::new));
    }

    @Override
    public String unfinished() {
        return "select count(*) from jobrunr_jobs where state <> 'SUCCEEDED'";
    }

    @Override
    public void close() {
        JobRunr.destroy();
    }
}
