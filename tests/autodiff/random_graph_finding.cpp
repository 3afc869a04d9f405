#include "random_graph_finding.h"

#include "interpreter.h"

#include <cctype>
#include <sstream>

namespace sylvite::testing {

namespace {

// The first line without what differs from graph to graph: names and numbers.
std::string cause_of(const std::string &text) {
    std::string cause;
    for (const char c : text.substr(0, text.find('\n'))) {
        const bool is_digit = std::isdigit(static_cast<unsigned char>(c));
        if (!is_digit || cause.empty() || cause.back() != '#') {
            cause += is_digit ? '#' : c;
        }
    }
    const size_t colon = cause.find(": ");
    const bool is_number = colon != std::string::npos && colon + 2 < cause.size() &&
                           (cause[colon + 2] == '#' || cause[colon + 2] == '-' || cause[colon + 2] == 'n');
    return (is_number ? cause.substr(0, colon) : cause).substr(0, 150);
}

const char *name_of(Verdict verdict) {
    switch (verdict) {
    case Verdict::right:
        return "right";
    case Verdict::wrong:
        return "wrong";
    case Verdict::refused:
        return "refused";
    case Verdict::failed:
        return "failed";
    default:
        return "uncheckable";
    }
}

bool begins_with(const std::string &text, const std::string &start) {
    return text.compare(0, start.size(), start) == 0;
}

// Keeps Halide's and Sylvite's warnings off the screen: random graphs deserve many.
class Silence : public Halide::CompileTimeErrorReporter {
public:
    Silence() { Halide::set_custom_compile_time_error_reporter(this); }
    ~Silence() { Halide::set_custom_compile_time_error_reporter(nullptr); }
    void warning(const char *) override {}
    void error(const char *message) override {
        if (begins_with(message, "Internal")) {
            throw Halide::InternalError(message);
        }
        throw Halide::CompileError(message);
    }
};

}  // namespace

void GraphStatistics::count(const Finding &finding) {
    graphs++;
    verdicts[finding.verdict]++;
    if (finding.verdict != Verdict::right) {
        causes[std::string(name_of(finding.verdict)) + ": " + finding.cause]++;
    }
}

std::string GraphStatistics::text() const {
    std::ostringstream text;
    text << graphs << " graphs:";
    for (const auto &[verdict, number] : verdicts) {
        text << " " << number << " " << name_of(verdict) << ",";
    }
    text << " " << hessians << " second derivatives, " << elements << " elements (" << infinite << " not finite, "
         << cancelled << " lost to rounding)\n";
    for (const auto &[cause, number] : causes) {
        text << "  " << number << " " << cause << "\n";
    }
    return text.str();
}

Finding judge(GraphStatistics &statistics, const std::function<std::string(std::string &graph)> &check) {
    Finding finding;
    std::string graph;
    const Silence silence;
    try {
        finding.text = check(graph);
        finding.verdict = finding.text.empty() ? Verdict::right : Verdict::wrong;
    } catch (const InterpreterError &error) {
        finding.text = error.what();
        const bool is_mine = begins_with(finding.text, "no such operation") || begins_with(finding.text, "too long");
        finding.verdict = is_mine ? Verdict::uncheckable : Verdict::wrong;
    } catch (const Uncheckable &error) {
        finding.text = error.what();
        finding.verdict = Verdict::uncheckable;
    } catch (const Halide::InternalError &error) {
        finding.text = error.what();
        finding.verdict = Verdict::failed;
    } catch (const Halide::Error &error) {
        finding.text = error.what();
        const bool is_refusal = finding.text.find("needs") != std::string::npos;
        finding.verdict = is_refusal ? Verdict::refused : Verdict::failed;
    } catch (const std::exception &error) {
        finding.text = error.what();
        finding.verdict = Verdict::failed;
    }
    finding.cause = cause_of(finding.text);
    if (!finding.text.empty()) {
        finding.text += "\n" + graph;
    }
    statistics.count(finding);
    return finding;
}

}  // namespace sylvite::testing
