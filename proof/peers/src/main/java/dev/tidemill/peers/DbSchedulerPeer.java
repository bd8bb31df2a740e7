package dev.tidemill.peers;

import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.SchedulerName;
import com.github.kagkarlsson.scheduler.serializer.Serializer;
import com.github.kagkarlsson.scheduler.task.TaskInstance;
import com.github.kagkarlsson.scheduler.task.helper.OneTimeTask;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.bench.Order;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import tools.jackson.databind.json.JsonMapper;

/** db-scheduler with lock-and-fetch, the bounds of its benchmark, and a heartbeat as short as it takes for a rescue. */
final class DbSchedulerPeer implements Peer {
    private static final int THREADS = 50;
    private static final Duration HEARTBEAT = Duration.ofSeconds(5);

    private final HikariDataSource database;
    private final OneTimeTask<Order> task;
    private final Scheduler scheduler;

    private DbSchedulerPeer(HikariDataSource database, Handling handling, int concurrency) {
        this.database = database;
        this.task = Tasks.oneTime("order", Order.class).execute((instance, context) -> handle(handling, instance));
        this.scheduler = Scheduler.create(database, task)
                // The default is the host's name, which two processes on it would share.
                .schedulerName(new SchedulerName.Fixed(UUID.randomUUID().toString()))
                .serializer(new Json())
                .threads(concurrency > 0 ? concurrency : THREADS)
                .pollUsingLockAndFetch(0.5, 4.0)
                .pollingInterval(Duration.ofSeconds(1))
                .enableImmediateExecution()
                .heartbeatInterval(HEARTBEAT)
                .missedHeartbeatsLimit(4)
                .shutdownMaxWait(Duration.ZERO)
                .build();
    }

    /** See {@link PeerProcess}. */
    public static void main(String[] arguments) throws Exception {
        PeerProcess.run(arguments, DbSchedulerPeer::new);
    }

    private static void handle(Handling handling, TaskInstance<Order> instance) {
        try {
            handling.handle(instance.getData());
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }

    /** Plain JSON; the library's own serializers would bring a second JSON library. */
    private static final class Json implements Serializer {
        @Override
        public byte[] serialize(Object data) {
            return JsonMapper.shared().writeValueAsBytes(data);
        }

        @Override
        public <T> T deserialize(Class<T> type, byte[] data) {
            return JsonMapper.shared().readValue(data, type);
        }
    }

    /** The table and the two indexes that its documentation asks for; priorities, and so their index, are not used. */
    @Override
    public void install() throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table if not exists scheduled_tasks (
                        task_name text not null, task_instance text not null, task_data bytea,
                        execution_time timestamptz, picked boolean not null, picked_by text, last_success timestamptz,
                        last_failure timestamptz, consecutive_failures int, last_heartbeat timestamptz,
                        version bigint not null, priority smallint, state text,
                        primary key (task_name, task_instance));
                    create index if not exists execution_time_idx on scheduled_tasks (execution_time);
                    create index if not exists last_heartbeat_idx on scheduled_tasks (last_heartbeat)""");
        }
    }

    @Override
    public void start(boolean working) {
        if (working) {
            scheduler.start();
        }
    }

    @Override
    public void enqueue(Order order) {
        scheduler.schedule(instance(order), Instant.now());
    }

    @Override
    public void enqueueAll(List<Order> orders) {
        scheduler.scheduleBatch(orders.stream().map(this::instance), Instant.now());
    }

    private TaskInstance<?> instance(Order order) {
        return task.instance(UUID.randomUUID().toString(), order);
    }

    /** What is done is deleted. */
    @Override
    public String unfinished() {
        return "select count(*) from scheduled_tasks";
    }

    @Override
    public void close() {
        scheduler.stop();
    }
}
