package dev.tidemill.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.Ailment;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What is woken by an alarm finds its page, and alarms and dashboards look at meters that there are. */
class OperatePagesTest {
    private static final String RULES = "docs/operate/prometheus/tidemill-alerts.yml";
    private static final String RULES_TEST = "docs/operate/prometheus/tidemill-alerts-test.yml";
    private static final String DASHBOARD = "docs/operate/grafana/tidemill.json";
    private static final Pattern ALERT = Pattern.compile("- alert: (\\w+)");
    private static final Pattern RUNBOOK =
            Pattern.compile("- alert: (\\w+)(?:(?!- alert:).)*?runbook_url: (.+?)\n", Pattern.DOTALL);
    private static final Pattern SECTION = Pattern.compile("^## (\\S+)$", Pattern.MULTILINE);
    private static final Pattern METER =
            Pattern.compile("\\b(?:tidemill|hikaricp|http_server|jvm|process|system)_[a-z_]+");
    private static final Pattern VARIABLE = Pattern.compile("\\$([A-Z]+)");
    private static final Pattern EXPRESSION = Pattern.compile("\"expr\": \"((?:[^\"\\\\]|\\\\.)*)\"");
    private static final Pattern RULE = Pattern.compile("expr:(.*?)\n        (?:for|labels):", Pattern.DOTALL);

    @Test
    void everyAlertLeadsToASectionAndEverySectionHasItsAlert() throws IOException {
        Set<String> pages = new TreeSet<>();
        for (MatchResult rule : matches(RUNBOOK, Repository.text(RULES))) {
            String page = rule.group(2).strip();
            if (page.startsWith("docs/operate/doctor.md#{{")) {
                continue;
            }
            assertThat(page).isEqualTo("docs/operate/alarms.md#" + rule.group(1).toLowerCase(Locale.ROOT));
            pages.add(rule.group(1));
        }
        Set<String> sections = found(SECTION, Repository.text("docs/operate/alarms.md"));
        assertThat(sections).containsAll(pages);
        assertThat(sections).isEqualTo(found(ALERT, Repository.text(RULES)));
    }

    @Test
    void everyFindingOfTheDoctorHasItsSectionAndNoSectionIsLeftOver() throws IOException {
        Set<String> sections = found(SECTION, Repository.text("docs/operate/doctor.md"));
        assertThat(sections)
                .isEqualTo(
                        Arrays.stream(Ailment.values()).map(Enum::name).collect(Collectors.toCollection(TreeSet::new)));
        for (Ailment ailment : Ailment.values()) {
            assertThat(ailment.section())
                    .isEqualTo("docs/operate/doctor.md#" + ailment.name().toLowerCase(Locale.ROOT));
        }
    }

    @Test
    void everySectionOfAnAlarmSaysHowToSeeThatItWorked() throws IOException {
        List<String> sections =
                List.of(Repository.text("docs/operate/alarms.md").split("\n## "));
        assertThat(sections.subList(1, sections.size()))
                .filteredOn(section -> !section.startsWith("TidemillDoctorWarning"))
                .allSatisfy(section -> assertThat(section).contains("Worked:"));
    }

    /** Every server but an open one answers others with 401, and a shell takes a variable that nobody set for nothing. */
    @Test
    void whatIsAskedOverHttpCarriesAKeyAndSaysWhere() throws IOException {
        int asked = 0;
        for (String name : List.of("alarms", "backup", "deployment", "doctor", "retention", "upgrade")) {
            String page = Repository.text("docs/operate/" + name + ".md");
            for (String line :
                    page.lines().filter(line -> line.contains("curl ")).toList()) {
                asked++;
                assertThat(isAnswered(line)).as("%s.md: %s", name, line).isTrue();
                for (String variable : found(VARIABLE, line)) {
                    assertThat(page.contains("    " + variable + "=") || variable.equals("TOKEN"))
                            .as("%s.md says what %s is, for %s", name, variable, line)
                            .isTrue();
                }
            }
        }
        assertThat(asked).isGreaterThan(4);
        assertThat(isAnswered("curl -s \"$SERVER/api/v1/stats\"")).isFalse();
    }

    private static boolean isAnswered(String command) {
        return command.contains("Authorization: Bearer $TOKEN")
                || command.contains("/readyz")
                || command.contains("/healthz");
    }

    @Test
    void everySectionOfTheDoctorsHasACommandOrASettingToWrite() throws IOException {
        List<String> sections =
                List.of(Repository.text("docs/operate/doctor.md").split("\n## "));
        assertThat(sections.subList(1, sections.size()))
                .allSatisfy(section -> assertThat(section).containsPattern("\n    \\S|`"));
    }

    @Test
    void alertsAndDashboardLookAtMetersThatAreDocumented() throws IOException {
        String page = Repository.text("docs/metrics.md");
        assertThat(unknown(rules(Repository.text(RULES)), page)).isEmpty();
        List<String> expressions = expressions(Repository.text(DASHBOARD));
        assertThat(expressions).hasSizeGreaterThan(30);
        assertThat(unknown(expressions, page)).isEmpty();
    }

    @Test
    void aMeterThatIsNotThereIsFound() throws IOException {
        assertThat(unknown(
                        List.of(
                                "rate(tidemill_jobs_eaten_total[5m]) + tidemill_nodes + tidemill_attempts_seconds_bucket"),
                        Repository.text("docs/metrics.md")))
                .containsExactly("tidemill_jobs_eaten_total");
    }

    @Test
    void everyAlertIsTestedAsItFiresAndAsItDoesNot() throws IOException {
        String tests = Repository.text(RULES_TEST);
        assertThat(found(ALERT, Repository.text(RULES)))
                .hasSizeGreaterThan(20)
                .allSatisfy(alert -> assertThat(tests)
                        .contains("- name: " + alert + " fires\n", "- name: " + alert + " stays quiet\n"));
    }

    @Test
    @Tag("promtool")
    void promtoolAcceptsTheRulesAndTheirTestsPass() throws IOException, InterruptedException {
        assertThat(promtool("check", "rules", "tidemill-alerts.yml")).contains("SUCCESS");
        assertThat(promtool("test", "rules", "tidemill-alerts-test.yml")).contains("SUCCESS");
    }

    private static String promtool(String... arguments) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(Stream.concat(Stream.of("promtool"), Arrays.stream(arguments))
                        .toList())
                .directory(Repository.file("docs/operate/prometheus").toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        return said;
    }

    /** A histogram or timer is documented by its name, and queried by its parts. */
    private static Set<String> unknown(List<String> expressions, String page) {
        Set<String> documented = found(Pattern.compile("`((?:tidemill|hikaricp|http_server)_[a-z_]+)`"), page);
        Set<String> families = found(Pattern.compile("`(\\w+_)\\*`"), page);
        return expressions.stream()
                .flatMap(expression -> METER.matcher(expression).results())
                .map(MatchResult::group)
                .filter(name -> !documented.contains(name)
                        && !documented.contains(name.replaceFirst("_(bucket|count|sum|max)$", ""))
                        && families.stream().noneMatch(name::startsWith))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static List<String> rules(String yaml) {
        return matches(RULE, yaml).stream().map(rule -> rule.group(1)).toList();
    }

    private static List<String> expressions(String json) {
        return matches(EXPRESSION, json).stream().map(expr -> expr.group(1)).toList();
    }

    private static Set<String> found(Pattern pattern, String text) {
        return matches(pattern, text).stream()
                .map(match -> match.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static List<MatchResult> matches(Pattern pattern, String text) {
        return pattern.matcher(text).results().toList();
    }
}
