package dev.tidemill.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.architecture.House.Room;
import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleDescriptor.Exports;
import java.net.URL;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What each module shows to others. */
class ModulesTest {
    @Test
    void everyRoomIsAModuleThatExportsOnlyWhatUsersCall() throws IOException {
        Map<String, ModuleDescriptor> modules = modules();
        for (Room room : House.ROOMS) {
            String name = "dev.tidemill." + room.name();
            assertThat(tooMuch(Objects.requireNonNull(modules.get(name), name + " is no module"), room))
                    .as("%s exports besides", room.name())
                    .isEmpty();
        }
    }

    @Test
    void aModuleThatExportsItsEngineFails() {
        ModuleDescriptor broken = ModuleDescriptor.newModule("dev.tidemill.jobs")
                .exports("dev.tidemill.jobs")
                .exports("dev.tidemill.jobs.engine")
                .build();
        assertThat(tooMuch(broken, House.room("jobs").orElseThrow())).containsExactly("dev.tidemill.jobs.engine");
    }

    /** An export to one named module, such as a template engine, is not for users and does not count. */
    private static List<String> tooMuch(ModuleDescriptor module, Room room) {
        Set<String> meant = room.exports().stream()
                .map(below -> "dev.tidemill." + room.name() + below)
                .collect(Collectors.toSet());
        return module.exports().stream()
                .filter(export -> !export.isQualified())
                .map(Exports::source)
                .filter(name -> !meant.contains(name))
                .sorted()
                .toList();
    }

    private static Map<String, ModuleDescriptor> modules() throws IOException {
        Map<String, ModuleDescriptor> modules = new TreeMap<>();
        for (URL url : Collections.list(ModulesTest.class.getClassLoader().getResources("module-info.class"))) {
            try (InputStream input = url.openStream()) {
                ModuleDescriptor module = ModuleDescriptor.read(input);
                modules.put(module.name(), module);
            }
        }
        return modules;
    }
}
