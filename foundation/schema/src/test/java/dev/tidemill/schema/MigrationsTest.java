package dev.tidemill.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.embedded.EmbeddedPostgres;
import dev.tidemill.schema.SchemaException.Reason;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

class MigrationsTest {
    private static final AtomicInteger SCHEMAS = new AtomicInteger();
    private static EmbeddedPostgres postgres;

    private final Map<String, String> files = new HashMap<>(Map.of(
            "S001__books.sql", "create table {schema}.book (title text)",
            "S002__pages.sql", "-- needs 1: it adds a column\nalter table {schema}.book add column pages integer",
            "S003__shelves.sql", "create table {schema}.shelf (name text default '{name}')"));
    private final PGSimpleDataSource source = new PGSimpleDataSource();
    private String schema = "";

    @BeforeAll
    static void server() {
        postgres = EmbeddedPostgres.builder().start();
    }

    @AfterAll
    static void end() {
        postgres.stop();
    }

    @BeforeEach
    void freshSchema() {
        source.setUrl(postgres.jdbcUrl());
        source.setUser(postgres.user());
        source.setPassword(postgres.password());
        schema = "Größe-" + SCHEMAS.incrementAndGet();
    }

    private Component books(String... names) {
        return new Component("books", List.of(names), file -> files.getOrDefault(file, ""));
    }

    private Migrations migrations(String... names) {
        return new Migrations(source, schema, books(names));
    }

    @Test
    void aSchemaIsMadeAndGetsTheFilesThatItLacksInTheirOrder() throws SQLException {
        assertThat(migrations("S001__books.sql", "S002__pages.sql").standing())
                .isEqualTo(new Migrations.Standing(0, List.of("S001__books.sql", "S002__pages.sql")));
        assertThat(migrations("S001__books.sql", "S002__pages.sql").apply())
                .containsExactly("S001__books.sql", "S002__pages.sql");
        assertThat(migrations("S001__books.sql", "S002__pages.sql", "S003__shelves.sql")
                        .apply())
                .containsExactly("S003__shelves.sql");
        assertThat(migrations("S001__books.sql", "S002__pages.sql", "S003__shelves.sql")
                        .apply())
                .isEmpty();
        assertThat(one("insert into {schema}.shelf default values returning name"))
                .isEqualTo(schema);
    }

    @Test
    void componentsOfASchemaDoNotMindEachOther() throws SQLException {
        migrations("S001__books.sql").apply();
        Component shelves =
                new Component("shelves", List.of("S003__shelves.sql"), file -> files.getOrDefault(file, ""));
        new Migrations(source, schema, shelves).apply();
        migrations("S001__books.sql").check();
        new Migrations(source, schema, shelves).check();
        assertThat(one("select count(*) from {schema}.migration_books")).isEqualTo("1");
        assertThat(one("select count(*) from {schema}.migration_shelves")).isEqualTo("1");
    }

    @Test
    void whatFollowsRunsEachTime() throws SQLException {
        Component counting = new Component(
                "books",
                "migration",
                List.of("S001__books.sql"),
                file -> files.getOrDefault(file, ""),
                "insert into {schema}.book values ('{name}')");
        new Migrations(source, schema, counting).apply();
        new Migrations(source, schema, counting).apply();
        assertThat(one("select count(*) from {schema}.book")).isEqualTo("2");
        assertThat(one("select count(*) from {schema}.migration")).isEqualTo("1");
    }

    @Test
    void manyProcessesThatStartAtOnceApplyEachFileOnce() throws InterruptedException, ExecutionException, SQLException {
        try (ExecutorService starting = Executors.newFixedThreadPool(8)) {
            List<Future<List<String>>> starts = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                starts.add(starting.submit(
                        () -> migrations("S001__books.sql", "S003__shelves.sql").apply()));
            }
            List<String> applied = new ArrayList<>();
            for (Future<List<String>> start : starts) {
                applied.addAll(start.get());
            }
            assertThat(applied).containsExactlyInAnyOrder("S001__books.sql", "S003__shelves.sql");
        }
        assertThat(one("select count(*) from {schema}.migration_books")).isEqualTo("2");
    }

    @Test
    void aFileThatFailsLeavesNothingAndIsTriedAgainByTheNextStart() throws SQLException {
        files.put("S002__pages.sql", "create table {schema}.half (a integer); select 1 / 0");
        assertThatThrownBy(migrations("S001__books.sql", "S002__pages.sql")::apply)
                .isInstanceOf(SQLException.class);
        assertThat(one("select to_regclass('{schema}.half') is null")).isEqualTo("t");
        files.put("S002__pages.sql", "create table {schema}.half (a integer)");
        assertThat(migrations("S001__books.sql", "S002__pages.sql").apply()).containsExactly("S002__pages.sql");
    }

    @Test
    void aMissingFileIsRefusedWhereNobodyIsToApplyIt() throws SQLException {
        migrations("S001__books.sql").apply();
        assertThatThrownBy(migrations("S001__books.sql", "S003__shelves.sql")::check)
                .isInstanceOfSatisfying(
                        SchemaException.class,
                        refused -> assertThat(refused.reason()).isEqualTo(Reason.OUTDATED))
                .hasMessageContaining("books tables at version 1")
                .hasMessageContaining("needs version 3");
        assertThat(one("select to_regclass('{schema}.shelf') is null")).isEqualTo("t");
    }

    @Test
    void aChangedFileIsRefused() throws SQLException {
        migrations("S001__books.sql").apply();
        files.put("S001__books.sql", "create table {schema}.book (title text, author text)");
        assertThatThrownBy(migrations("S001__books.sql")::apply)
                .isInstanceOfSatisfying(
                        SchemaException.class,
                        refused -> assertThat(refused.reason()).isEqualTo(Reason.NEWER))
                .hasMessageContaining("made by another build");
    }

    @Test
    void aFormerProgramStartsBesideFilesThatAllowItAndNoOthers() throws SQLException {
        migrations("S001__books.sql", "S002__pages.sql").apply();
        assertThatCode(migrations("S001__books.sql")::check).doesNotThrowAnyException();
        migrations("S001__books.sql", "S002__pages.sql", "S003__shelves.sql").apply();
        assertThatThrownBy(migrations("S001__books.sql")::apply)
                .isInstanceOfSatisfying(
                        SchemaException.class,
                        refused -> assertThat(refused.reason()).isEqualTo(Reason.NEWER))
                .hasMessageContaining("version 3 needs a program that knows 3");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a\"b", "it's", "back\\slash", "$$", "{schema}", "100%"})
    void aNameThatCouldEndAQuotationIsRefused(String name) {
        assertThatThrownBy(() -> new Migrations(source, name, books("S001__books.sql")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1 to 63 bytes");
    }

    @Test
    void filesNeedANumberOfTheirOwn() {
        assertThatThrownBy(() -> books("S001__books.sql", "T001__other.sql"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no number of its own");
        assertThatThrownBy(this::books).hasMessageContaining("has no files");
    }

    private String one(String question) throws SQLException {
        try (Connection connection = source.getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(
                        question.replace("{schema}", '"' + schema + '"').replace("{name}", schema))) {
            assertThat(rows.next()).isTrue();
            return rows.getString(1);
        }
    }
}
