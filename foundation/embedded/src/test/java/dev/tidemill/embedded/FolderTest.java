package dev.tidemill.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tidemill.embedded.EmbeddedPostgresException.Problem;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders and binaries that do not fit, each with its one clear message. */
class FolderTest {
    private static final Path OTHER_MAJOR = Path.of("target", "postgres-other.jar");

    @TempDir
    Path folder;

    private static EmbeddedPostgresException refusal(Problem problem, ThrowingCallable start) {
        EmbeddedPostgresException[] thrown = new EmbeddedPostgresException[1];
        assertThatExceptionOfType(EmbeddedPostgresException.class)
                .isThrownBy(start)
                .satisfies(e -> thrown[0] = e)
                .extracting(EmbeddedPostgresException::problem)
                .isEqualTo(problem);
        return thrown[0];
    }

    @Test
    void aSecondStartInThisProcessIsToldWhoHoldsTheFolder() {
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder().dataFolder(folder);
        try (EmbeddedPostgres first = builder.start()) {
            assertThat(refusal(Problem.FOLDER_IN_USE, builder::start))
                    .hasMessageContaining(folder.toString())
                    .hasMessageContaining(
                            "this process (pid " + ProcessHandle.current().pid() + ")");
            assertThat(first.port()).isPositive();
            // The refused start must not have given up the first one's lock.
            assertThat(refusal(Problem.FOLDER_IN_USE, builder::start)).hasMessageContaining("this process");
        }
    }

    @Test
    void aFolderOfAnotherMajorVersionIsRefusedAndLeftAsItWas() throws Exception {
        String oldMajor;
        try (EmbeddedPostgres old = EmbeddedPostgres.builder()
                .dataFolder(folder)
                .binaries(OTHER_MAJOR)
                .start()) {
            oldMajor = old.version().substring(0, old.version().indexOf('.'));
            Sql.run(old, "CREATE TABLE kept AS SELECT 15 AS n");
        }

        assertThat(refusal(Problem.OTHER_VERSION, EmbeddedPostgres.builder().dataFolder(folder)::start))
                .hasMessageContaining(folder.toString())
                .hasMessageContaining("written by PostgreSQL " + oldMajor + ",")
                .hasMessageContaining("these binaries are ")
                .hasMessageContaining("dump it there");

        try (EmbeddedPostgres old = EmbeddedPostgres.builder()
                .dataFolder(folder)
                .binaries(OTHER_MAJOR)
                .start()) {
            assertThat(Sql.ask(old, "SELECT n FROM kept")).isEqualTo("15");
        }
    }

    @Test
    void aDataDirectoryOfAnotherPostgresIsNotTouched() throws Exception {
        Files.writeString(folder.resolve("PG_VERSION"), "16\n");

        assertThat(refusal(Problem.FOLDER_UNUSABLE, EmbeddedPostgres.builder().dataFolder(folder)::start))
                .hasMessageContaining(folder.toString())
                .hasMessageContaining("PostgreSQL data directory of its own");
        assertThat(folder).isDirectoryNotContaining("glob:**lock");
    }

    @Test
    void aFileIsNotAFolder() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");

        assertThat(refusal(Problem.FOLDER_UNUSABLE, EmbeddedPostgres.builder().dataFolder(file)::start))
                .hasMessageContaining(file.toString());
    }

    @Test
    void missingBinariesAreNamed() {
        Path missing = folder.resolve("missing.jar");

        assertThat(refusal(Problem.NO_BINARIES, EmbeddedPostgres.builder().binaries(missing)::start))
                .hasMessageContaining(missing.toString());
    }

    @Test
    void aFileThatIsNoBinariesJarIsNamed() throws Exception {
        Path wrong = Files.writeString(folder.resolve("wrong.jar"), "not a jar");

        assertThat(refusal(Problem.NO_BINARIES, EmbeddedPostgres.builder().binaries(wrong)::start))
                .hasMessageContaining(wrong.toString())
                .hasMessageContaining(BinariesArchive.entryName());
    }
}
