#include "apps/support/film.h"

#include "apps/support/arrays.h"

#include <targets/runtime/sylvite_runtime.h>
#include <webp/encode.h>
#include <webp/mux.h>

#include <algorithm>
#include <memory>
#include <new>
#include <stdexcept>

namespace sylvite::apps {

namespace {

constexpr float quality = 80;          // up to 100; without loss, moving water would take five times the space
constexpr int each = 50, last = 1000;  // ms that a picture of a film is shown for

/// Takes down what a loop tells of its steps.
struct Recorder {
    const std::string &loop, &state;
    const std::vector<int> &when;
    Recording taken;
    bool is_lost = false;
    int steps = 0;  // that the loop makes

    void see(const sylvite_loop_step &step) {
        if (step.loop != loop) {
            return;
        }
        steps = step.steps;
        if (taken.size() == when.size() || when[taken.size()] != step.step) {
            return;
        }
        const char *const *names = step.names, *const *end = names + step.states;
        const halide_buffer_t *array = sylvite_state(&step, static_cast<int>(std::find(names, end, state) - names));
        if (array == nullptr || array->type != halide_type_of<float>()) {
            is_lost = true;
            return;
        }
        const auto *values = reinterpret_cast<const float *>(array->host);
        while (taken.size() < when.size() && when[taken.size()] == step.step) {
            taken.emplace_back(values, values + array->number_of_elements());
        }
    }
};

int see(void *recorder, const sylvite_loop_step *step) {
    try {
        static_cast<Recorder *>(recorder)->see(*step);
    } catch (const std::bad_alloc &) {
        return 1;
    }
    return 0;
}

void need(bool ok, const std::string &what) {
    if (!ok) {
        throw std::runtime_error("cannot make an animated picture: " + what);
    }
}

}  // namespace

std::vector<int> moments(int steps, int count) {
    std::vector<int> when;
    for (int i = 0; i < count; i++) {
        when.push_back(count == 1 ? steps : static_cast<int>(int64_t(steps) * i / (count - 1)));
    }
    return when;
}

Recording record(const std::string &loop, const std::string &state, const std::vector<int> &when,
                 const std::function<std::vector<float>()> &run) {
    if (when.empty()) {
        return {};
    }
    Recorder recorder{loop, state, when, {}};
    const sylvite_watch watch{see, &recorder, 0, nullptr};
    const sylvite_watch *before = sylvite_set_watch(&watch);
    try {
        recorder.taken.resize(when.size(), run());
    } catch (...) {
        sylvite_set_watch(before);
        throw;
    }
    sylvite_set_watch(before);
    if (recorder.is_lost) {
        throw std::runtime_error("the loop " + loop + " has no state " + state + " of float32");
    }
    if (when.back() > recorder.steps) {
        throw std::runtime_error("the loop " + loop + " makes " + std::to_string(recorder.steps) +
                                 " steps that can be seen; there is no step " + std::to_string(when.back()));
    }
    return recorder.taken;
}

std::string film_bytes(const std::vector<Image> &pictures) {
    return film_bytes(pictures.size(), [&](size_t i) { return pictures[i]; });
}

std::string film_bytes(size_t count, const std::function<Image(size_t)> &picture_of) {
    need(count > 0, "there are no pictures");
    Image now = picture_of(0);
    const int width = now.width, height = now.height;
    const std::unique_ptr<WebPAnimEncoder, decltype(&WebPAnimEncoderDelete)> encoder(
        WebPAnimEncoderNew(width, height, nullptr), WebPAnimEncoderDelete);
    WebPConfig config;
    need(encoder != nullptr && WebPConfigInit(&config) != 0 &&
             WebPConfigPreset(&config, WEBP_PRESET_DRAWING, quality) != 0,
         "libwebp refuses its settings");
    int time = 0;
    for (size_t i = 0; i < count; i++) {
        now = i > 0 ? picture_of(i) : now;
        need(now.width == width && now.height == height, "pictures differ in size");
        const Image coloured = side_by_side({now}, 0);
        WebPPicture picture;
        need(WebPPictureInit(&picture) != 0, "libwebp has another version than its headers");
        picture.use_argb = 1;
        picture.width = width, picture.height = height;
        const bool is_read = WebPPictureImportRGB(&picture, coloured.pixels.data(), 3 * width) != 0;
        const bool is_added = is_read && WebPAnimEncoderAdd(encoder.get(), &picture, time, &config) != 0;
        WebPPictureFree(&picture);
        if (!is_read) {
            throw std::bad_alloc();  // the only reason
        }
        need(is_added, WebPAnimEncoderGetError(encoder.get()));
        time += i + 1 < count ? each : last;
    }
    WebPData data;
    WebPDataInit(&data);
    const bool is_made = WebPAnimEncoderAdd(encoder.get(), nullptr, time, nullptr) != 0 &&
                         WebPAnimEncoderAssemble(encoder.get(), &data) != 0;
    std::string bytes(reinterpret_cast<const char *>(data.bytes), data.size);
    WebPDataClear(&data);
    need(is_made, WebPAnimEncoderGetError(encoder.get()));
    return bytes;
}

std::map<std::string, std::string> walk_files(const Recording &moments, const Recording &film, std::vector<int> extents,
                                              const std::function<Image(const std::vector<float> &moment)> &picture,
                                              const std::vector<double> &losses) {
    std::vector<Image> strip;
    std::vector<float> walk;
    for (const std::vector<float> &moment : moments) {
        strip.push_back(picture(moment));
        walk.insert(walk.end(), moment.begin(), moment.end());
    }
    extents.push_back(static_cast<int>(moments.size()));
    std::map<std::string, std::string> files = {
        {"story.png", png_bytes(side_by_side(strip, 8))},
        {"walk.npy", npy_bytes(walk, extents)},
        {"losses.npy", npy_bytes(losses, {static_cast<int>(losses.size())})},
    };
    if (!film.empty()) {
        files["walk.webp"] = film_bytes(film.size(), [&](size_t i) { return picture(film[i]); });
    }
    return files;
}

}  // namespace sylvite::apps
