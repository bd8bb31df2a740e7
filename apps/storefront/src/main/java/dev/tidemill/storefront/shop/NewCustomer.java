package dev.tidemill.storefront.shop;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A person who signs up, checked.
 *
 * @param name 1 to 80 characters, none of them a control character or line break
 * @param email an address of the plain kind: {@code local@host.domain} in ASCII, at most 254 characters
 */
public record NewCustomer(String name, String email) {
    private static final int MAX_NAME = 80;
    private static final int MAX_EMAIL = 254;
    private static final int MAX_LOCAL = 64;
    private static final String ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
    private static final String LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
    private static final Pattern ADDRESS =
            Pattern.compile(ATOM + "(?:\\." + ATOM + ")*+@(?:" + LABEL + "\\.)+" + "[A-Za-z]{2,63}");

    /**
     * Checks what was typed; blanks around it are dropped.
     *
     * @throws InvalidInput naming every field that is wrong
     */
    public static NewCustomer of(@Nullable String name, @Nullable String email) {
        String cleanName = name == null ? "" : name.strip();
        String cleanEmail = email == null ? "" : email.strip();
        Map<String, String> wrong = new LinkedHashMap<>();
        checkName(cleanName, wrong);
        checkEmail(cleanEmail, wrong);
        if (!wrong.isEmpty()) {
            throw new InvalidInput(wrong);
        }
        return new NewCustomer(cleanName, cleanEmail);
    }

    /** Checks an address alone, as {@link #of} does. */
    public static String email(@Nullable String typed) {
        String clean = typed == null ? "" : typed.strip();
        Map<String, String> wrong = new LinkedHashMap<>();
        checkEmail(clean, wrong);
        if (!wrong.isEmpty()) {
            throw new InvalidInput(wrong);
        }
        return clean;
    }

    private static void checkName(String name, Map<String, String> wrong) {
        if (name.isEmpty()) {
            wrong.put("name", "Please tell us your name.");
        } else if (name.codePointCount(0, name.length()) > MAX_NAME) {
            wrong.put("name", "A name has at most " + MAX_NAME + " characters.");
        } else if (name.codePoints().anyMatch(NewCustomer::breaksLines)) {
            wrong.put("name", "A name has no line breaks or control characters.");
        }
    }

    private static void checkEmail(String email, Map<String, String> wrong) {
        if (email.isEmpty()) {
            wrong.put("email", "Please give your e-mail address.");
        } else if (email.length() > MAX_EMAIL || email.indexOf('@') > MAX_LOCAL) {
            wrong.put("email", "An e-mail address has at most 64 characters before the @ and 254 in all.");
        } else if (!ADDRESS.matcher(email).matches()) {
            wrong.put("email", "This does not look like an e-mail address. It should be like name@example.com.");
        }
    }

    private static boolean breaksLines(int point) {
        return switch (Character.getType(point)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED -> true;
            default -> false;
        };
    }
}
