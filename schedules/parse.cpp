#include "schedules/directives.h"

#include <algorithm>

namespace sylvite {

namespace {

// Far more than a schedule needs: garbage is refused before it costs memory or stack.
constexpr size_t max_file_size = 16 << 20;
constexpr size_t max_specialization_depth = 8;

struct Word {
    std::string text;
    Place place;
};

// A line of the text: its words, and its comment if it has one.
struct Line {
    std::vector<Word> words;
    bool has_comment = false;
    std::string comment;
};

class Parser {
public:
    Parser(const std::string &text, const std::string &file) : text_(text) { schedule_.file = file; }

    Schedule parse() {
        if (text_.size() > max_file_size) {
            fail({1, 1}, "the file has " + std::to_string(text_.size()) + " bytes; a schedule has at most " +
                             std::to_string(max_file_size) + ".");
        }
        for (size_t at = 0; at < text_.size();) {
            const size_t end = std::min(text_.find('\n', at), text_.size());
            number_++;
            handle(read_line(text_.substr(at, end - at)));
            at = end + 1;
        }
        if (!version_seen_) {
            fail({number_ + 1, 1}, "the first line of a schedule is `sylvite-schedule 1`; it is missing.");
        }
        schedule_.comments_at_end = std::move(pending_);
        return std::move(schedule_);
    }

private:
    const std::string &text_;
    Schedule schedule_;
    int number_ = 0;
    bool version_seen_ = false;
    bool in_loop_ = false;              // whether the last section is that of a loop, not of a kernel
    std::vector<std::string> pending_;  // comment lines that wait for the item they stand above

    // The specialize directives that the current line may stand under, with their columns, outermost first. They live
    // in vectors that grow while this is in use, so they are found by their indices.
    struct Open {
        int column;
        size_t index;
    };
    std::vector<Open> open_;

    [[noreturn]] void fail(const Place &place, const std::string &message) const {
        schedule_error(schedule_.file, place, message);
    }

    Line read_line(std::string text) const {
        if (text.ends_with('\r')) {
            text.pop_back();
        }
        Line line;
        const size_t hash = text.find('#');
        if (hash != std::string::npos) {
            line.has_comment = true;
            line.comment = text.substr(hash + 1);
            line.comment.erase(0, line.comment.starts_with(' '));
            line.comment.erase(line.comment.find_last_not_of(' ') + 1);
            text.resize(hash);
        }
        for (size_t i = 0; i < text.size(); i++) {
            const auto c = static_cast<unsigned char>(text[i]);
            const Place place{number_, static_cast<int>(i) + 1};
            if (c == '\t') {
                fail(place, "a tab: indent with spaces.");
            }
            if (c < ' ' || c > '~') {
                fail(place, "a character that is not printable ASCII.");
            }
            if (c != ' ' && (i == 0 || text[i - 1] == ' ')) {
                line.words.push_back({"", place});
            }
            if (c != ' ') {
                line.words.back().text += text[i];
            }
        }
        return line;
    }

    Comments comments_of(const Line &line) {
        Comments comments{std::move(pending_), line.comment};
        pending_.clear();
        return comments;
    }

    void handle(const Line &line) {
        if (line.words.empty()) {
            if (line.has_comment) {
                pending_.push_back(line.comment);
            }
            return;
        }
        const std::string &first = line.words[0].text;
        if (!version_seen_) {
            version(line);
        } else if (first == "kernel") {
            kernel(line);
        } else if (first == "loop") {
            loop(line);
        } else if (first == "stage") {
            stage(line);
        } else {
            directive(line);
        }
    }

    void version(const Line &line) {
        if (line.words[0].text != "sylvite-schedule" || line.words.size() != 2) {
            fail(line.words[0].place, "the first line of a schedule is `sylvite-schedule 1`; this is not.");
        }
        if (line.words[1].text != "1") {
            fail(line.words[1].place, "the schedule has version " + line.words[1].text + "; version 1 is known here.");
        }
        version_seen_ = true;
        schedule_.comments = comments_of(line);
    }

    const Word &only_name(const Line &line) const {
        if (line.words.size() != 2) {
            fail(line.words[0].place, line.words[0].text + " is followed by one name.");
        }
        return line.words[1];
    }

    void kernel(const Line &line) {
        const Word &name = only_name(line);
        if (schedule_.find(name.text)) {
            fail(name.place, "kernel " + name.text + " is there twice: put its stages together.");
        }
        open_.clear();
        in_loop_ = false;
        schedule_.kernels.push_back({name.text, {}, comments_of(line), name.place});
    }

    void loop(const Line &line) {
        const Word &name = only_name(line);
        for (const LoopSchedule &other : schedule_.loops) {
            if (other.loop == name.text) {
                fail(name.place, "loop " + name.text + " is there twice.");
            }
        }
        in_loop_ = true;
        schedule_.loops.push_back({name.text, {}, comments_of(line), name.place});
    }

    void stage(const Line &line) {
        const Word &name = only_name(line);
        if (schedule_.kernels.empty() || in_loop_) {
            fail(line.words[0].place, "a stage stands under a kernel: write `kernel NAME` above it.");
        }
        StageSchedule stage{name.text, -1, {}, comments_of(line), name.place};
        if (!read_stage_name(name.text, stage.stage, stage.update)) {
            fail(name.place, name.text + " is not the name of a stage: write NAME or NAME.update(0).");
        }
        for (const StageSchedule &other : schedule_.kernels.back().stages) {
            if (other.name() == stage.name()) {
                fail(name.place, "stage " + stage.name() + " is there twice: put its directives together.");
            }
        }
        open_.clear();
        schedule_.kernels.back().stages.push_back(std::move(stage));
    }

    static void put_arguments(const Line &line, Directive &directive) {
        for (size_t i = 1; i < line.words.size(); i++) {
            directive.arguments.push_back(line.words[i].text);
            directive.argument_places.push_back(line.words[i].place);
        }
    }

    void directive(const Line &line) {
        const Place place = line.words[0].place;
        Directive directive{line.words[0].text, {}, {}, {}, place, {}};
        if (in_loop_) {
            put_arguments(line, directive);
            directive.comments = comments_of(line);
            schedule_.loops.back().directives.push_back(std::move(directive));
            check_loop(schedule_.loops.back(), schedule_.file);
            return;
        }
        if (schedule_.kernels.empty() || schedule_.kernels.back().stages.empty()) {
            const bool known = find_directive(directive.name);
            fail(place, (known ? directive.name + " stands under a stage" : "unknown word " + directive.name) +
                            ": write `kernel NAME` and `stage NAME` above it.");
        }
        put_arguments(line, directive);
        if (directive.name == "specialize" && !directive.arguments.empty()) {
            // The condition is the rest of the line; as long as it is checked, its characters keep their columns.
            std::string condition;
            const int column = line.words[1].place.column;
            for (size_t i = 1; i < line.words.size(); i++) {
                condition.resize(line.words[i].place.column - column, ' ');
                condition += line.words[i].text;
            }
            directive.arguments = {condition};
            directive.argument_places.resize(1);
        }
        match_form(directive, schedule_.file);
        if (directive.name == "specialize") {
            std::string &condition = directive.arguments[0];
            const auto both_spaces = [](char a, char b) { return a == ' ' && b == ' '; };
            condition.erase(std::unique(condition.begin(), condition.end(), both_spaces), condition.end());
        }

        StageSchedule &stage = schedule_.kernels.back().stages.back();
        while (!open_.empty() && open_.back().column >= place.column) {
            open_.pop_back();
        }
        std::vector<Directive> *list = &stage.directives;
        for (const Open &open : open_) {
            list = &(*list)[open.index].inner;
        }
        check_position(open_.empty() ? directive : Directive{"specialize", {}, {directive}}, stage, schedule_.file);
        if (directive.name == "specialize") {
            if (open_.size() == max_specialization_depth) {
                fail(place, "specialize is nested too deeply.");
            }
            open_.push_back({place.column, list->size()});
        }
        directive.comments = comments_of(line);
        list->push_back(std::move(directive));
    }
};

}  // namespace

Schedule parse_schedule(const std::string &text, const std::string &file) { return Parser(text, file).parse(); }

}  // namespace sylvite
