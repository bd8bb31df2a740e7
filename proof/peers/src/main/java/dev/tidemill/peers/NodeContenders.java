package dev.tidemill.peers;

import dev.tidemill.peers.Contender.Share;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/** Those that run on Node, where the launcher found one and could install them; else why they are absent. */
final class NodeContenders {
    /** Set by the launcher: the folder with the scripts and their packages, and the node to run them with. */
    static final String HOME_PROPERTY = "tidemill.peers.node.home";

    static final String NODE_PROPERTY = "tidemill.peers.node";

    /** Set by the launcher instead, when there is no such folder: the reason. */
    static final String ABSENT_PROPERTY = "tidemill.peers.node.absent";

    private final List<Contender> present = new ArrayList<>();
    private final Map<String, String> absent = new LinkedHashMap<>();

    NodeContenders() {
        String home = System.getProperty(HOME_PROPERTY, "");
        String why = System.getProperty(ABSENT_PROPERTY, "they were not started with './tidemill bench peers'");
        boolean there = !home.isEmpty() && Files.isDirectory(Path.of(home, "node_modules"));
        if (there && redis().isPresent()) {
            present.add(node(
                    home,
                    "bullmq",
                    true,
                    new Share(0.4, 0.5),
                    true,
                    "Redis with " + Redis.SETTINGS + "; addBulk; concurrency 100, 1000 for the jobs of 5 s; lock 10 s,"
                            + " stalled check every 5 s"));
        } else {
            absent.put("bullmq", there ? "redis-server was not found on the PATH" : why);
        }
        if (there) {
            present.add(node(
                    home,
                    "pg-boss",
                    false,
                    new Share(0.4, 0.2),
                    true,
                    "insert in arrays; batchSize 1000; polling 0.5 s, the shortest; NOTIFY on; heartbeat 10 s, the"
                            + " shortest, supervised every second"));
            present.add(node(
                    home,
                    "graphile-worker",
                    false,
                    new Share(0.6, 0.1),
                    false,
                    "addJobs in arrays; concurrentJobs 24, localQueue 500, batched completion without delay; 1000 jobs at"
                            + " once and no local queue for the jobs of 5 s"));
        } else {
            absent.put("pg-boss", why);
            absent.put("graphile-worker", why);
        }
    }

    List<Contender> present() {
        return present;
    }

    /** Who is absent, and why. */
    Map<String, String> absent() {
        return absent;
    }

    private static Contender node(
            String home, String name, boolean onRedis, Share share, boolean keepsHistory, String settings) {
        List<String> command = List.of(
                System.getProperty(NODE_PROPERTY, "node"),
                Path.of(home, "main.mjs").toString(),
                name);
        return new Contender(
                name, version(home, name), "Node", command, onRedis, share, Plan.PER_SECOND, keepsHistory, settings);
    }

    private static String version(String home, String name) {
        return JsonMapper.shared()
                .readTree(Path.of(home, "node_modules", name, "package.json").toFile())
                .path("version")
                .asString();
    }

    private static Optional<Path> redis() {
        for (String folder : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
            Path file = Path.of(folder, "redis-server");
            if (Files.isExecutable(file)) {
                return Optional.of(file);
            }
        }
        return Optional.empty();
    }
}
