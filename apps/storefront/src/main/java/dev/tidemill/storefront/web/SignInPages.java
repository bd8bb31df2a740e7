package dev.tidemill.storefront.web;

import dev.tidemill.storefront.pages.StaticTemplates;
import dev.tidemill.storefront.shop.Customers;
import dev.tidemill.storefront.shop.Customers.Verdict;
import dev.tidemill.storefront.shop.InvalidInput;
import dev.tidemill.storefront.shop.NewCustomer;
import dev.tidemill.storefront.shop.ReferralCodes;
import dev.tidemill.storefront.shop.TooManyCodes;
import dev.tidemill.storefront.shop.Visit;
import dev.tidemill.storefront.shop.Visits;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** The way in: sign-up, sign-in, and the code that both lead to. */
public final class SignInPages {
    private final StaticTemplates pages = new StaticTemplates();
    private final Customers customers;
    private final Visits visits;
    private final ReferralCodes referralCodes;

    /** Of this shop. */
    public SignInPages(Customers customers, Visits visits, ReferralCodes referralCodes) {
        this.customers = customers;
        this.visits = visits;
        this.referralCodes = referralCodes;
    }

    /** Puts the pages in place. */
    public void mount(Routes routes) {
        routes.get("/signup", this::signUpPage)
                .post("/signup", this::signUp)
                .get("/r/{code}", SignInPages::invitation)
                .get("/signin", exchange -> exchange.page(200, pages.signin(exchange.frame(), "", Map.of())))
                .post("/signin", this::signIn)
                .get("/verify", exchange -> {
                    String challenge = exchange.query("challenge");
                    verifyPage(exchange, 200, challenge, exchange.query("email"), Map.of());
                })
                .post("/verify", this::verify)
                .post("/signout", this::signOut);
    }

    private void signUpPage(Exchange exchange) throws Exception {
        exchange.page(200, pages.signup(exchange.frame(), "", "", exchange.query("code"), Map.of()));
    }

    /** Where referral links lead. What is no code is told by the form, not here. */
    private static void invitation(Exchange exchange) {
        exchange.seeOther("/signup?code=" + URLEncoder.encode(exchange.path("code"), StandardCharsets.UTF_8));
    }

    private void signUp(Exchange exchange) throws Exception {
        String name = exchange.field("name");
        String email = exchange.field("email");
        String code = exchange.field("referralCode");
        try {
            NewCustomer person = NewCustomer.of(name, email);
            Customers.SignUp taken = customers.signUp(person, referralCodes.inviter(code));
            enterCode(exchange, taken.challenge(), email);
        } catch (InvalidInput wrong) {
            exchange.page(422, pages.signup(exchange.frame(), name, email, code, wrong.messages()));
        } catch (TooManyCodes often) {
            Map<String, String> message = Map.of("form", String.valueOf(often.getMessage()));
            exchange.page(429, pages.signup(exchange.frame(), name, email, code, message));
        }
    }

    private void signIn(Exchange exchange) throws Exception {
        String email = exchange.field("email");
        try {
            enterCode(exchange, customers.signIn(NewCustomer.email(email)), email);
        } catch (InvalidInput wrong) {
            exchange.page(422, pages.signin(exchange.frame(), email, wrong.messages()));
        } catch (TooManyCodes often) {
            Map<String, String> message = Map.of("form", String.valueOf(often.getMessage()));
            exchange.page(429, pages.signin(exchange.frame(), email, message));
        }
    }

    private void verifyPage(Exchange exchange, int status, String challenge, String email, Map<String, String> wrong)
            throws Exception {
        if (Exchange.id(challenge).isEmpty()) {
            exchange.seeOther("/signin");
            return;
        }
        exchange.page(status, pages.verify(exchange.frame(), challenge, email, wrong));
    }

    private void verify(Exchange exchange) throws Exception {
        String typed = exchange.field("challenge");
        UUID challenge = Exchange.id(typed).orElseThrow(Refusal::notFound);
        switch (customers.verify(challenge, exchange.field("code"))) {
            case Verdict.Accepted(UUID customer) -> letIn(exchange, customer);
            case Verdict.Wrong(int triesLeft) -> {
                String left = triesLeft == 1 ? "One try" : triesLeft + " tries";
                Map<String, String> wrong = Map.of("code", "This is not the code. " + left + " left.");
                verifyPage(exchange, 422, typed, exchange.field("email"), wrong);
            }
            case Verdict.Over over -> {
                Map<String, String> wrong = Map.of("form", "This code was used, has expired or was tried too often.");
                verifyPage(exchange, 410, typed, exchange.field("email"), wrong);
            }
        }
    }

    private static void enterCode(Exchange exchange, UUID challenge, String email) {
        String shown = URLEncoder.encode(email.strip(), StandardCharsets.UTF_8);
        exchange.seeOther("/verify?challenge=" + challenge + "&email=" + shown);
    }

    private void letIn(Exchange exchange, UUID customer) throws Exception {
        Optional<Visit> visit = exchange.visit();
        exchange.remember(visit.isPresent() ? visits.signIn(visit.get(), customer) : visits.open(customer));
        boolean shopping = visit.isPresent() && visit.get().items() > 0;
        exchange.seeOther(shopping ? "/cart" : "/account");
    }

    private void signOut(Exchange exchange) throws Exception {
        Optional<Visit> visit = exchange.visit();
        if (visit.isPresent()) {
            visits.end(visit.get());
        }
        exchange.forget();
        exchange.seeOther("/");
    }
}
