package dev.tidemill.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tidemill.schema.Migrations;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Keys that were parked by programs of a former version. */
@ExtendWith(FreshSchema.class)
class FormerKeysTest {
    @Test
    void aParkedKeyIsKeptAndGivenBackByWhoeverIsUpToDateAlone(TestDatabase database) throws Exception {
        try (Site site = new Site(database)) {
            new Migrations(
                            database.dataSource(),
                            database.schema(),
                            RuleSql.COMPONENT.with(List.of("R001__rules.sql", "R002__watched.sql")))
                    .apply();
            site.run("insert into {s}.rule (name, table_name, table_oid, definition) values ('old', '{s}.sub',"
                    + " '{s}.sub'::regclass, '{\"table\":\"{s}.sub\",\"watched\":[\"status\"],\"key\":\"user_id\","
                    + "\"carried\":[],\"events\":[\"INSERT\"],\"keysOnlyBeyond\":100,\"ownWrites\":false}');"
                    + "insert into {s}.rule_parked (rule, key, why, error)"
                    + " select id, k, 'FAILED', 'sick' from {s}.rule, unnest(array['7', 'C:\\x']) k;"
                    + "insert into {s}.rule_held (rule, key, id, op, new, written)"
                    + " select id, '7', nextval('{s}.rule_change_id'), 'i', '{}', now() from {s}.rule");
            Rule old = site.rules().rule("old");
            assertThatExceptionOfType(RuleException.class)
                    .isThrownBy(() -> old.release("7"))
                    .withMessageContainingAll("rules tables at version 2", "'tidemill migrate'");
            assertThat(old.status().held()).as("nothing was changed").isEqualTo(1);
            Rules.migrations(database.dataSource(), database.schema()).apply();
            assertThat(old.parked(10)).extracting(Rule.ParkedKey::key).containsExactlyInAnyOrder("7", "C:\\x");
            assertThat(old.release("7")).isTrue();
            assertThat(old.release("C:\\x")).isTrue();
            assertThat(old.status().held()).isZero();
            assertThat(old.status().pending()).isEqualTo(1);
        }
    }
}
