#include "apps/smoke/pictures.h"

#include "apps/support/arrays.h"
#include "apps/support/plot.h"

namespace sylvite::apps {

namespace {

using Values = std::vector<float>;

Values channel(const Values &flow, int n, int which) {
    const size_t cells = size_t(n) * n;
    return {flow.begin() + which * cells, flow.begin() + (which + 1) * cells};
}

/// Density 0 is black, 1 and above is white.
Image smoke_image(Values density, int n) {
    for (float &value : density) {
        value -= 0.5f;
    }
    return grey_levels(density, n);
}

}  // namespace

std::map<std::string, std::string> result_files(const Frames &frames, int n, const std::vector<double> &losses) {
    std::vector<Image> story;
    Values smoke;
    for (const Values &flow : frames.flows) {
        const Values density = channel(flow, n, 2);
        story.push_back(smoke_image(density, n));
        smoke.insert(smoke.end(), density.begin(), density.end());
    }
    const Image formed = story.back(), target = smoke_image(frames.target, n);
    story.push_back(target);
    std::map<std::string, std::string> files = {
        {"target.png", png_bytes(target)},
        {"formed.png", png_bytes(formed)},
        {"story.png", png_bytes(side_by_side(story, 8))},
        {"loss.png", png_bytes(plot_losses(losses, "iterations"))},
        {"velocity.npy", npy_bytes(frames.velocity, {n, n, 2})},
        {"smoke.npy", npy_bytes(smoke, {n, n, static_cast<int>(frames.flows.size())})},
    };
    for (size_t i = 0; i < frames.flows.size(); i++) {
        const Values &flow = frames.flows[i];
        files["flow_" + std::to_string(i) + ".vti"] = vti_bytes(
            {{"velocity_x", channel(flow, n, 0)}, {"velocity_y", channel(flow, n, 1)}, {"smoke", channel(flow, n, 2)}},
            {n, n});
    }
    if (!frames.film.empty()) {
        files["smoke.webp"] =
            film_bytes(frames.film.size(), [&](size_t i) { return smoke_image(channel(frames.film[i], n, 2), n); });
    }
    return files;
}

}  // namespace sylvite::apps
