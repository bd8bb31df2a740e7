package dev.tidemill.peers;

import dev.tidemill.bench.Child;
import dev.tidemill.bench.Order;
import dev.tidemill.peers.Contender.Share;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Those that run on a JVM, each with its own class path and the same flags. */
final class Contenders {
    /** The same for all; a heap that none of them fills. */
    static final List<String> JVM_FLAGS =
            List.of("-Xmx256m", "-XX:+UseSerialGC", "-Dlogback.configurationFile=peers-logback.xml");

    /** Where our own code is, built by Maven or copied by the launcher. */
    private static final Pattern OURS =
            Pattern.compile(".*(/foundation/(jobs|postgres|schema)/target/|/tidemill-(jobs|postgres|schema)-).*");

    private Contenders() {}

    /**
     * Everybody.
     *
     * @param flags of every JVM
     */
    static List<Contender> onJvm(List<String> flags) {
        return List.of(
                jvm(
                        flags,
                        Contender.OURS,
                        TidemillPeer.class,
                        new Share(1, 1),
                        50,
                        true,
                        "as it comes; queue.concurrency(1000) for the jobs of 5 s"),
                jvm(
                        flags,
                        "jobrunr",
                        JobRunrPeer.class,
                        new Share(0.1, 0.2),
                        5,
                        true,
                        "job requests; pollInterval 5 s, the shortest; virtual threads; Jackson 3; as many workers as it"
                                + " chooses, 1000 for the jobs of 5 s"),
                jvm(
                        flags,
                        "db-scheduler",
                        DbSchedulerPeer.class,
                        new Share(0.4, 0.5),
                        50,
                        false,
                        "lock-and-fetch 0.5 to 4.0; 50 threads, 1000 for the jobs of 5 s; immediate execution; polling 1 s;"
                                + " heartbeat 5 s, 4 missed; Jackson 3"),
                jvm(
                        flags,
                        "quartz",
                        QuartzPeer.class,
                        new Share(0.04, 0.1),
                        50,
                        false,
                        "JobStoreTX, clustered, check-in 5 s; 25 threads, 1000 for the jobs of 5 s; batches of as many"
                                + " triggers; idleWaitTime 5 s; useProperties; recovery requested; one stored job, a"
                                + " trigger with data an enqueue"));
    }

    private static Contender jvm(
            List<String> flags,
            String name,
            Class<?> main,
            Share share,
            int perSecond,
            boolean keepsHistory,
            String settings) {
        List<String> path = new ArrayList<>(List.of(place(main), place(Order.class)));
        List<String> libraries = libraries(name);
        path.addAll(libraries);
        String version = version(name, libraries);
        if (name.equals(Contender.OURS)) {
            ownPath().forEach(path::add);
            version = Objects.requireNonNullElse(main.getPackage().getImplementationVersion(), "as built");
        }
        List<String> command = Child.java(flags, String.join(File.pathSeparator, path), main.getName());
        return new Contender(name, version, "JVM", command, false, share, perSecond, keepsHistory, settings);
    }

    private static Stream<String> ownPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> OURS.matcher(entry).matches());
    }

    /** The folder or jar that a class was loaded from. */
    private static String place(Class<?> type) {
        return Path.of(URI.create(
                        type.getProtectionDomain().getCodeSource().getLocation().toString()))
                .toString();
    }

    /** Written by the build. */
    private static List<String> libraries(String name) {
        try (InputStream list =
                Objects.requireNonNull(Contenders.class.getResourceAsStream(name + ".classpath"), name)) {
            return List.of(new String(list.readAllBytes(), StandardCharsets.UTF_8)
                    .strip()
                    .split(File.pathSeparator));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static String version(String name, List<String> libraries) {
        Pattern jar = Pattern.compile(".*/" + name + "-([^/]*)\\.jar");
        return libraries.stream()
                .map(jar::matcher)
                .filter(Matcher::matches)
                .map(found -> found.group(1))
                .findFirst()
                .orElse("");
    }
}
