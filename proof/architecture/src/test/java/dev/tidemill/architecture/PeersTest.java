package dev.tidemill.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Other job systems are measured and never carried: their licences and their code stay in one room of the proof. */
class PeersTest {
    private static final List<String> PEERS = List.of("jobrunr", "db-scheduler", "quartz");

    @Test
    void onlyTheRoomOfPeersNamesAnotherJobSystem() throws IOException {
        assertThat(naming("<artifactId>jobrunr</artifactId>")).containsExactly("proof/peers/pom.xml");
        assertThat(naming("<artifactId>db-scheduler</artifactId>")).containsExactly("proof/peers/pom.xml");
        assertThat(naming("<artifactId>quartz</artifactId>")).containsExactly("proof/peers/pom.xml");
    }

    @Test
    void nothingDependsOnTheRoomOfPeersButTheseTests() throws IOException {
        assertThat(naming("<artifactId>tidemill-peers</artifactId>"))
                .containsExactlyInAnyOrder("proof/peers/pom.xml", "proof/architecture/pom.xml");
        assertThat(Repository.text("proof/architecture/pom.xml").replaceAll("\\s+", ""))
                .contains("<artifactId>tidemill-peers</artifactId><version>${project.version}</version>"
                        + "<scope>test</scope>");
    }

    /** So that they do not follow the room onto somebody's class path. */
    @Test
    void theRoomOfPeersHandsNoneOfThemOn() throws IOException {
        String pom = Repository.text("proof/peers/pom.xml").replaceAll("\\s+", "");
        assertThat(PEERS)
                .allSatisfy(peer -> assertThat(pom)
                        .containsPattern("<artifactId>" + peer + "</artifactId><version>[^<]*</version>"
                                + "<scope>provided</scope>"));
    }

    private static List<String> naming(String text) throws IOException {
        Path root = Repository.file("");
        try (Stream<Path> files = Files.walk(root, 4)) {
            return files.filter(
                            file -> file.endsWith("pom.xml") && !file.toString().contains("/target/"))
                    .filter(file -> read(file).contains(text))
                    .map(file -> root.relativize(file).toString())
                    .toList();
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
