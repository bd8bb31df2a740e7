package dev.tidemill.architecture;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * The rooms and what each may use. A new room is one line here, one dependency in this module's POM, and one line in
 * ARCHITECTURE.md.
 */
final class House {
    /** From below to above; imports run downwards only. */
    enum Floor {
        FOUNDATION,
        SERVICES,
        APPS,
        PROOF
    }

    /**
     * A room.
     *
     * @param name its folder, and the package under {@code dev.tidemill}
     * @param floor where it is
     * @param uses the rooms of its own floor that it may use; rooms of the floors below need no mention
     * @param libraries what it brings into an application, as artifact ids; empty for rooms that nobody else carries
     * @param exports the packages that users call, below the room's own
     */
    record Room(String name, Floor floor, Set<String> uses, Set<String> libraries, Set<String> exports) {
        String folder() {
            return floor.name().toLowerCase(Locale.ROOT) + "/" + name;
        }

        /** Whether other people's applications carry it. */
        boolean isLibrary() {
            return floor == Floor.FOUNDATION || floor == Floor.SERVICES;
        }

        boolean mayUse(Room other) {
            return name.equals(other.name)
                    || uses.contains(other.name)
                    || (other.floor.compareTo(floor) < 0 && other.floor != Floor.PROOF);
        }
    }

    static final List<Room> ROOMS = List.of(
            new Room(
                    "jobs",
                    Floor.FOUNDATION,
                    Set.of(),
                    Set.of("slf4j-api", "jspecify", "jackson-core", "jackson-databind", "cron-utils"),
                    Set.of("", ".store")),
            new Room(
                    "postgres",
                    Floor.FOUNDATION,
                    Set.of("jobs", "schema"),
                    Set.of("tidemill-jobs", "tidemill-schema", "slf4j-api", "jspecify", "postgresql"),
                    Set.of("")),
            new Room("schema", Floor.FOUNDATION, Set.of(), Set.of("jspecify"), Set.of("")),
            new Room(
                    "cache",
                    Floor.FOUNDATION,
                    Set.of("schema"),
                    Set.of(
                            "tidemill-schema",
                            "slf4j-api",
                            "jspecify",
                            "caffeine",
                            "postgresql",
                            "jackson-core",
                            "jackson-databind"),
                    Set.of("", ".tier")),
            new Room(
                    "valkey",
                    Floor.FOUNDATION,
                    Set.of("cache"),
                    Set.of("tidemill-cache", "jspecify", "lettuce-core"),
                    Set.of("")),
            new Room(
                    "tracing",
                    Floor.FOUNDATION,
                    Set.of("jobs"),
                    Set.of("tidemill-jobs", "jspecify", "opentelemetry-api", "opentelemetry-context"),
                    Set.of("")),
            new Room(
                    "metrics",
                    Floor.FOUNDATION,
                    Set.of("jobs", "cache"),
                    Set.of("tidemill-jobs", "tidemill-cache", "slf4j-api", "jspecify", "micrometer-core"),
                    Set.of("")),
            new Room(
                    "embedded",
                    Floor.FOUNDATION,
                    Set.of(),
                    Set.of("slf4j-api", "jspecify", "commons-compress", "xz"),
                    Set.of("")),
            new Room(
                    "testkit",
                    Floor.FOUNDATION,
                    Set.of("jobs", "embedded"),
                    Set.of(
                            "tidemill-jobs",
                            "tidemill-embedded",
                            "jspecify",
                            "postgresql",
                            "junit-jupiter-api",
                            "assertj-core"),
                    Set.of("")),
            new Room(
                    "rules",
                    Floor.SERVICES,
                    Set.of(),
                    Set.of(
                            "tidemill-jobs",
                            "tidemill-schema",
                            "slf4j-api",
                            "jspecify",
                            "postgresql",
                            "jackson-core",
                            "jackson-databind"),
                    Set.of("")),
            new Room("server", Floor.APPS, Set.of(), Set.of(), Set.of("", ".access", ".caches")),
            new Room("cli", Floor.APPS, Set.of("server"), Set.of(), Set.of("")),
            // The sample shop runs every process.
            new Room("storefront", Floor.APPS, Set.of("server"), Set.of(), Set.of("")),
            new Room("bench", Floor.PROOF, Set.of(), Set.of(), Set.of("")),
            new Room("peers", Floor.PROOF, Set.of("bench"), Set.of(), Set.of()),
            new Room("chaos", Floor.PROOF, Set.of(), Set.of(), Set.of("")),
            new Room("model", Floor.PROOF, Set.of(), Set.of(), Set.of()));

    private House() {}

    static Optional<Room> room(String name) {
        return ROOMS.stream().filter(room -> room.name().equals(name)).findFirst();
    }
}
