package dev.tidemill.valkey;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.ClusterTopologyRefreshOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import io.lettuce.core.codec.ByteArrayCodec;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One connection to a server or a cluster, made when first needed and again after it failed to be made. While it is broken
 * commands are refused at once, or with a cluster wait for their time in a bounded queue: what waits for them has
 * somewhere else to go.
 */
final class Link implements AutoCloseable {
    private static final int QUEUED_AT_MOST = 20_000;

    private final List<RedisURI> addresses;
    private final boolean cluster;
    private final Duration timeout;
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable AutoCloseable client;
    private volatile @Nullable StatefulRedisConnection<byte[], byte[]> single;
    private volatile @Nullable StatefulRedisClusterConnection<byte[], byte[]> clustered;
    private boolean closed;

    Link(List<String> addresses, boolean cluster, Duration timeout) {
        this.addresses = addresses.stream().map(RedisURI::create).toList();
        this.addresses.forEach(address -> address.setTimeout(timeout));
        this.cluster = cluster;
        this.timeout = timeout;
    }

    /** To whoever is responsible for the key. */
    RedisClusterAsyncCommands<byte[], byte[]> commands() {
        connect();
        StatefulRedisClusterConnection<byte[], byte[]> toCluster = clustered;
        StatefulRedisConnection<byte[], byte[]> toServer = single;
        if (toCluster != null) {
            return toCluster.async();
        }
        if (toServer != null) {
            return toServer.async();
        }
        throw new ValkeyException("The link was closed.", null);
    }

    /** To each server that has keys of its own. */
    List<RedisClusterAsyncCommands<byte[], byte[]>> servers() {
        RedisClusterAsyncCommands<byte[], byte[]> any = commands();
        StatefulRedisClusterConnection<byte[], byte[]> toCluster = clustered;
        if (toCluster == null) {
            return List.of(any);
        }
        return toCluster.getPartitions().stream()
                .filter(node -> node.is(RedisClusterNode.NodeFlag.UPSTREAM)
                        && !node.getSlots().isEmpty())
                .<RedisClusterAsyncCommands<byte[], byte[]>>map(
                        node -> toCluster.getConnection(node.getNodeId()).async())
                .toList();
    }

    private void connect() {
        if (single != null || clustered != null) {
            return;
        }
        lock.lock();
        try {
            if (closed) {
                throw new ValkeyException("The link was closed.", null);
            }
            if (single == null && clustered == null) {
                if (cluster) {
                    connectToCluster();
                } else {
                    connectToServer();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void connectToServer() {
        RedisClient made = RedisClient.create(addresses.getFirst());
        made.setOptions(options(ClientOptions.builder()).build());
        try {
            single = made.connect(ByteArrayCodec.INSTANCE);
            client = made;
        } catch (RuntimeException failed) {
            made.shutdown(0, 1, TimeUnit.SECONDS);
            throw failed;
        }
    }

    private void connectToCluster() {
        RedisClusterClient made = RedisClusterClient.create(addresses);
        ClusterClientOptions.Builder options = ClusterClientOptions.builder();
        options(options);
        // Connections to its servers are made when they are first needed; refusing would refuse those first calls.
        options.disconnectedBehavior(ClientOptions.DisconnectedBehavior.DEFAULT);
        made.setOptions(options.topologyRefreshOptions(ClusterTopologyRefreshOptions.builder()
                        .adaptiveRefreshTriggersTimeout(Duration.ofSeconds(1))
                        .enablePeriodicRefresh(Duration.ofSeconds(30))
                        .build())
                .build());
        try {
            clustered = made.connect(ByteArrayCodec.INSTANCE);
            client = made;
        } catch (RuntimeException failed) {
            made.shutdown(0, 1, TimeUnit.SECONDS);
            throw failed;
        }
    }

    private ClientOptions.Builder options(ClientOptions.Builder builder) {
        return builder.disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                .requestQueueSize(QUEUED_AT_MOST)
                .timeoutOptions(TimeoutOptions.enabled(timeout))
                .socketOptions(SocketOptions.builder().connectTimeout(timeout).build());
    }

    /** What a command answered. */
    <T> T await(Future<T> answer) {
        try {
            return answer.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException failed) {
            throw new ValkeyException("The server refused: " + failed.getCause(), failed);
        } catch (TimeoutException late) {
            answer.cancel(true);
            throw new ValkeyException("The server did not answer in " + timeout.toMillis() + " ms.", late);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new ValkeyException("The call was interrupted.", interrupted);
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            if (client != null) {
                client.close();
            }
            client = null;
            single = null;
            clustered = null;
        } catch (Exception failed) {
            throw new ValkeyException("The link could not be closed.", failed);
        } finally {
            lock.unlock();
        }
    }
}
