#include "apart.h"

#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

namespace sylvite::testing {

namespace {

using Json = nlohmann::json;

Json to_json(const Finding &finding, const GraphStatistics &counted) {
    return {{"verdict", static_cast<int>(finding.verdict)},
            {"text", finding.text},
            {"cause", finding.cause},
            {"hessians", counted.hessians},
            {"elements", counted.elements},
            {"infinite", counted.infinite},
            {"cancelled", counted.cancelled}};
}

[[noreturn]] void child(int pipe, const std::function<Finding(GraphStatistics &)> &check, unsigned seconds) {
    // Of processor time, which other work on the machine does not use up; and a bound for what waits for ever.
    const rlimit limit{seconds, seconds + 1};
    setrlimit(RLIMIT_CPU, &limit);
    alarm(60 * seconds);
    GraphStatistics counted;
    const Finding finding = check(counted);
    const std::string text = to_json(finding, counted).dump(-1, ' ', false, Json::error_handler_t::replace);
    for (size_t done = 0; done < text.size();) {
        const ssize_t written = write(pipe, text.data() + done, text.size() - done);
        if (written <= 0) {
            break;
        }
        done += static_cast<size_t>(written);
    }
    _exit(0);
}

}  // namespace

Finding run_apart(const std::function<Finding(GraphStatistics &)> &check, unsigned seconds,
                  GraphStatistics &statistics) {
    int ends[2];
    if (pipe(ends) != 0) {
        throw std::runtime_error("cannot make a pipe");
    }
    const pid_t process = fork();
    if (process < 0) {
        throw std::runtime_error("cannot make a process");
    }
    if (process == 0) {
        close(ends[0]);
        child(ends[1], check, seconds);
    }
    close(ends[1]);
    std::string text;
    char part[4096];
    for (ssize_t n = 0; (n = read(ends[0], part, sizeof part)) > 0;) {
        text.append(part, static_cast<size_t>(n));
    }
    close(ends[0]);
    int status = 0;
    waitpid(process, &status, 0);

    Finding finding;
    const Json result = Json::parse(text, nullptr, false);
    if (result.is_object()) {
        finding = {static_cast<Verdict>(result["verdict"].get<int>()), result["text"], result["cause"]};
        statistics.hessians += result["hessians"].get<int>();
        statistics.elements += result["elements"].get<long>();
        statistics.infinite += result["infinite"].get<long>();
        statistics.cancelled += result["cancelled"].get<long>();
    } else {
        const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        finding.verdict = Verdict::failed;
        finding.cause = signal == SIGXCPU   ? "not done after " + std::to_string(seconds) + " s of processor time"
                        : signal == SIGALRM ? "waited for more than " + std::to_string(60 * seconds) + " s"
                                            : "crashed with signal " + std::to_string(signal);
        finding.text = finding.cause + "\n";
    }
    statistics.count(finding);
    return finding;
}

}  // namespace sylvite::testing
