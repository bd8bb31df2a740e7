package dev.tidemill.valkey;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** Servers of the system's redis-server, in a temporary folder, until they are closed: one, or three that are a cluster. */
final class RedisServers implements AutoCloseable {
    private static final Duration STARTING = Duration.ofSeconds(30);

    private final Path folder;
    private final List<Process> processes = new ArrayList<>();
    private final List<Integer> ports = new ArrayList<>();

    private RedisServers() throws IOException {
        this.folder = Files.createTempDirectory("tidemill-redis");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> processes.forEach(Process::destroyForcibly)));
    }

    static RedisServers one() {
        try {
            RedisServers servers = new RedisServers();
            servers.start(freePort(), List.of());
            return servers;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    static RedisServers clusterOfThree() {
        return cluster(3, 0);
    }

    /** Three with keys of their own, and one that follows each. */
    static RedisServers clusterWithReplicas() {
        return cluster(6, 1);
    }

    private static RedisServers cluster(int count, int replicas) {
        try {
            RedisServers servers = new RedisServers();
            for (int i = 0; i < count; i++) {
                int bus = freePort();
                servers.start(
                        freePort(),
                        List.of(
                                "--cluster-enabled",
                                "yes",
                                "--cluster-port",
                                Integer.toString(bus),
                                "--cluster-config-file",
                                "nodes-" + i + ".conf",
                                "--cluster-node-timeout",
                                "2000",
                                "--repl-diskless-sync-delay",
                                "0"));
            }
            List<String> create = new ArrayList<>(List.of("--cluster", "create"));
            servers.ports.forEach(port -> create.add("127.0.0.1:" + port));
            create.addAll(List.of("--cluster-replicas", Integer.toString(replicas), "--cluster-yes"));
            servers.cli(create);
            servers.awaitCluster();
            if (replicas > 0) {
                Awaitility.await()
                        .atMost(STARTING)
                        .until(() ->
                                servers.ports.stream().filter(servers::follows).count()
                                        == (long) count / (replicas + 1) * replicas);
            }
            return servers;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Whether it has all that its master has; one that never had is not chosen in its place. */
    private boolean follows(int port) {
        List<String> role =
                cli(List.of("-p", Integer.toString(port), "role")).lines().toList();
        return role.getFirst().equals("slave") && role.contains("connected");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void start(int port, List<String> more) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                "redis-server",
                "--port",
                Integer.toString(port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                folder.toString(),
                "--logfile",
                "redis-" + port + ".log"));
        command.addAll(more);
        processes.add(new ProcessBuilder(command).redirectErrorStream(true).start());
        ports.add(port);
        Awaitility.await()
                .atMost(STARTING)
                .until(() -> cli(List.of("-p", Integer.toString(port), "ping")).startsWith("PONG"));
    }

    /** What redis-cli says. */
    String cli(List<String> arguments) {
        List<String> command = new ArrayList<>(List.of("redis-cli"));
        command.addAll(arguments);
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String said = new String(process.getInputStream().readAllBytes(), UTF_8);
            if (!process.waitFor(STARTING.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
            return said;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return "";
        }
    }

    String address(int number) {
        return "redis://127.0.0.1:" + ports.get(number);
    }

    int port() {
        return ports.getFirst();
    }

    List<String> addresses() {
        return ports.stream().map(port -> "redis://127.0.0.1:" + port).toList();
    }

    /** Waits until every server that runs says that the cluster is whole. */
    void awaitCluster() {
        Awaitility.await()
                .atMost(STARTING)
                .until(() -> ports.stream()
                        .allMatch(port -> cli(List.of("-p", Integer.toString(port), "cluster", "info"))
                                .contains("cluster_state:ok")));
    }

    /** Ends a server of a cluster for good: the first has keys of its own. */
    void kill(int number) {
        ports.subList(number, number + 1).clear();
        processes.remove(number).destroyForcibly().onExit().join();
    }

    /** Ends a server and starts another in its place, with nothing in it. */
    void replace() {
        try {
            int port = ports.removeFirst();
            Process process = processes.removeFirst();
            process.destroyForcibly().waitFor();
            start(port, List.of());
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        processes.forEach(Process::destroyForcibly);
        try (Stream<Path> files = Files.walk(folder)) {
            for (Process process : processes) {
                process.waitFor();
            }
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
