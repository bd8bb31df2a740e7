package dev.tidemill.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.architecture.House.Room;
import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

/** What the rooms that other people's applications carry bring along, by their POMs. */
class LibrariesTest {
    @Test
    void librariesBringFewLibraries() throws Exception {
        for (Room room : House.ROOMS.stream().filter(Room::isLibrary).toList()) {
            assertThat(tooMany(Repository.text(room.folder() + "/pom.xml"), room))
                    .as("%s brings besides", room.name())
                    .isEmpty();
        }
    }

    @Test
    void aPoolOrAMigrationToolFailsAndATestDependencyDoesNot() throws Exception {
        String broken = """
                <project><dependencies>
                  <dependency><groupId>com.zaxxer</groupId><artifactId>HikariCP</artifactId></dependency>
                  <dependency><groupId>org.flywaydb</groupId><artifactId>flyway-core</artifactId>
                    <scope>runtime</scope></dependency>
                  <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-api</artifactId></dependency>
                  <dependency><groupId>org.assertj</groupId><artifactId>assertj-core</artifactId>
                    <scope>test</scope></dependency>
                </dependencies></project>""";
        assertThat(tooMany(broken, House.room("jobs").orElseThrow())).containsExactly("HikariCP", "flyway-core");
    }

    /** Compile and runtime only, of the POM itself: its profiles choose PostgreSQL's binaries, which are no code. */
    private static List<String> tooMany(String pom, Room room)
            throws IOException, SAXException, ParserConfigurationException {
        Document document =
                DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(pom)));
        List<String> found = new ArrayList<>();
        for (Element dependencies : children(document.getDocumentElement(), "dependencies")) {
            for (Element dependency : children(dependencies, "dependency")) {
                String artifact = children(dependency, "artifactId")
                        .getFirst()
                        .getTextContent()
                        .strip();
                List<Element> scope = children(dependency, "scope");
                boolean carried = scope.isEmpty()
                        || !Set.of("test", "provided")
                                .contains(scope.getFirst().getTextContent().strip());
                if (carried && !room.libraries().contains(artifact)) {
                    found.add(artifact);
                }
            }
        }
        return found;
    }

    private static List<Element> children(Element parent, String name) {
        List<Element> found = new ArrayList<>();
        for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element element && element.getTagName().equals(name)) {
                found.add(element);
            }
        }
        return found;
    }
}
