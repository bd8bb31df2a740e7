package dev.tidemill.peers;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.bench.Order;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.quartz.Job;
import org.quartz.JobBuilder;
import org.quartz.JobDetail;
import org.quartz.JobExecutionContext;
import org.quartz.JobExecutionException;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.Trigger;
import org.quartz.TriggerBuilder;
import org.quartz.impl.StdSchedulerFactory;
import org.quartz.utils.ConnectionProvider;
import org.quartz.utils.DBConnectionManager;
import tools.jackson.databind.json.JsonMapper;

/** Quartz, clustered, on JDBC, with batched acquisition; a stored job and one trigger with its data an enqueue. */
final class QuartzPeer implements Peer {
    private static final int THREADS = 25;
    private static final String DATA_SOURCE = "orders";

    private final HikariDataSource database;
    private final Handling handling;
    private final int threads;
    private @Nullable Scheduler scheduler;

    private QuartzPeer(HikariDataSource database, Handling handling, int concurrency) {
        this.database = database;
        this.handling = handling;
        this.threads = concurrency > 0 ? concurrency : THREADS;
    }

    /** See {@link PeerProcess}. */
    public static void main(String[] arguments) throws Exception {
        PeerProcess.run(arguments, QuartzPeer::new);
    }

    /** Names the job; instances come from the factory set below. */
    record OrderJob(Handling handling) implements Job {
        @Override
        public void execute(JobExecutionContext context) throws JobExecutionException {
            try {
                handling.handle(JsonMapper.shared()
                        .readValue(context.getMergedJobDataMap().getString("order"), Order.class));
            } catch (Exception failed) {
                throw new JobExecutionException(failed);
            }
        }
    }

    /** Lends the pool that all peers get. */
    private record Connections(HikariDataSource database) implements ConnectionProvider {
        @Override
        public Connection getConnection() throws SQLException {
            return database.getConnection();
        }

        @Override
        public void initialize() {}

        @Override
        public void shutdown() {}
    }

    /** The tables as the library ships them, in a script that begins by dropping what is there. */
    @Override
    public void install() throws SQLException, IOException {
        try (InputStream script =
                        Objects.requireNonNull(Job.class.getResourceAsStream("impl/jdbcjobstore/tables_postgres.sql"));
                Connection connection = database.getConnection();
                Statement statement = connection.createStatement();
                ResultSet made = statement.executeQuery("select to_regclass('qrtz_locks') is not null")) {
            made.next();
            if (made.getBoolean(1)) {
                return;
            }
            statement.execute(new String(script.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    @Override
    public void start(boolean working) throws SchedulerException {
        DBConnectionManager.getInstance().addConnectionProvider(DATA_SOURCE, new Connections(database));
        scheduler = new StdSchedulerFactory(properties()).getScheduler();
        scheduler.setJobFactory((bundle, from) -> new OrderJob(handling));
        scheduler.addJob(job(), true);
        if (working) {
            scheduler.start();
        }
    }

    private Properties properties() {
        Properties properties = new Properties();
        properties.putAll(Map.of(
                "org.quartz.scheduler.instanceName", "orders",
                "org.quartz.scheduler.instanceId", "AUTO",
                "org.quartz.scheduler.idleWaitTime", "5000",
                "org.quartz.scheduler.batchTriggerAcquisitionMaxCount", Integer.toString(threads),
                "org.quartz.threadPool.class", "org.quartz.simpl.SimpleThreadPool",
                "org.quartz.threadPool.threadCount", Integer.toString(threads)));
        properties.putAll(Map.of(
                "org.quartz.jobStore.class", "org.quartz.impl.jdbcjobstore.JobStoreTX",
                "org.quartz.jobStore.driverDelegateClass", "org.quartz.impl.jdbcjobstore.PostgreSQLDelegate",
                "org.quartz.jobStore.dataSource", DATA_SOURCE,
                "org.quartz.jobStore.useProperties", "true",
                "org.quartz.jobStore.acquireTriggersWithinLock", "true",
                "org.quartz.jobStore.isClustered", "true",
                "org.quartz.jobStore.clusterCheckinInterval", "5000",
                "org.quartz.jobStore.maxMisfiresToHandleAtATime", "1000"));
        return properties;
    }

    private static JobDetail job() {
        return JobBuilder.newJob(OrderJob.class)
                .withIdentity("order")
                .storeDurably()
                .requestRecovery()
                .build();
    }

    private static Trigger trigger(Order order) {
        return TriggerBuilder.newTrigger()
                .forJob("order")
                .withIdentity(UUID.randomUUID().toString())
                .usingJobData("order", JsonMapper.shared().writeValueAsString(order))
                .startNow()
                .build();
    }

    @Override
    public void enqueue(Order order) throws SchedulerException {
        Objects.requireNonNull(scheduler).scheduleJob(trigger(order));
    }

    @Override
    public void enqueueAll(List<Order> orders) throws SchedulerException {
        Set<Trigger> triggers = new HashSet<>();
        orders.forEach(order -> triggers.add(trigger(order)));
        Objects.requireNonNull(scheduler).scheduleJobs(Map.of(job(), triggers), true);
    }

    /** What is done is deleted. */
    @Override
    public String unfinished() {
        return "select (select count(*) from qrtz_triggers) + (select count(*) from qrtz_fired_triggers)";
    }

    @Override
    public void close() {
        try {
            if (scheduler != null) {
                scheduler.shutdown(false);
            }
        } catch (SchedulerException failed) {
            throw new IllegalStateException(failed);
        }
    }
}
