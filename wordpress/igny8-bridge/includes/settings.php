<?php
/** The page on which the plugin is told where its server is. */

if (!defined('ABSPATH')) {
	exit;
}

add_action('admin_menu', function () {
	add_options_page('Igny8 Bridge', 'Igny8 Bridge', 'manage_options', 'igny8-bridge', 'igny8_bridge_page');
});

add_filter('plugin_action_links_' . plugin_basename(dirname(__DIR__) . '/igny8-bridge.php'), function ($links) {
	array_unshift($links, '<a href="' . esc_url(admin_url('options-general.php?page=igny8-bridge')) . '">' . esc_html__('Settings', 'igny8-bridge') . '</a>');
	return $links;
});

function igny8_bridge_page() {
	if (!current_user_can('manage_options')) {
		return;
	}
	$said = '';
	if (isset($_POST['igny8_bridge_save'])) {
		check_admin_referer('igny8-bridge');
		$said = igny8_bridge_save(wp_unslash($_POST));
	} elseif (isset($_POST['igny8_bridge_now'])) {
		check_admin_referer('igny8-bridge');
		$done = igny8_bridge_poll();
		$said = is_wp_error($done) ? $done->get_error_message() : sprintf(_n('%d article was seen to.', '%d articles were seen to.', $done, 'igny8-bridge'), $done);
	}
	$polled = (int) get_option('igny8_bridge_polled', 0);
	$trouble = (string) get_option('igny8_bridge_trouble', '');
	?>
	<div class="wrap">
		<h1>Igny8 Bridge</h1>
		<?php if ($said !== '') : ?>
			<div class="notice notice-info"><p><?php echo esc_html($said); ?></p></div>
		<?php endif; ?>
		<form method="post">
			<?php wp_nonce_field('igny8-bridge'); ?>
			<table class="form-table" role="presentation">
				<tr>
					<th scope="row"><label for="igny8_server"><?php esc_html_e('Server', 'igny8-bridge'); ?></label></th>
					<td><input class="regular-text" id="igny8_server" name="igny8_bridge_server" type="url" required placeholder="https://igny8.example.com" value="<?php echo esc_attr(get_option('igny8_bridge_server', '')); ?>"></td>
				</tr>
				<tr>
					<th scope="row"><label for="igny8_key"><?php esc_html_e('Key', 'igny8-bridge'); ?></label></th>
					<td>
						<input class="regular-text" id="igny8_key" name="igny8_bridge_key" type="password" autocomplete="off" value="">
						<p class="description"><?php echo esc_html(get_option('igny8_bridge_key', '') === '' ? __('Make one in Igny8 that is bound to this site. It is not shown again.', 'igny8-bridge') : __('A key is set. Leave this empty to keep it.', 'igny8-bridge')); ?></p>
					</td>
				</tr>
				<tr>
					<th scope="row"><label for="igny8_author"><?php esc_html_e('Author of new posts', 'igny8-bridge'); ?></label></th>
					<td><?php wp_dropdown_users(['id' => 'igny8_author', 'name' => 'igny8_bridge_author', 'capability' => ['publish_posts'], 'selected' => (int) get_option('igny8_bridge_author', get_current_user_id())]); ?></td>
				</tr>
			</table>
			<p class="submit">
				<button class="button button-primary" name="igny8_bridge_save" value="1"><?php esc_html_e('Save', 'igny8-bridge'); ?></button>
				<button class="button" name="igny8_bridge_now" value="1" formnovalidate><?php esc_html_e('Ask now', 'igny8-bridge'); ?></button>
			</p>
		</form>
		<p><?php echo esc_html($polled ? sprintf(__('Asked last on %s.', 'igny8-bridge'), wp_date(get_option('date_format') . ' ' . get_option('time_format'), $polled)) : __('Not asked yet.', 'igny8-bridge')); ?></p>
		<?php if ($trouble !== '') : ?>
			<p><strong><?php echo esc_html($trouble); ?></strong></p>
		<?php endif; ?>
	</div>
	<?php
}

/**
 * Keeps what was typed.
 *
 * @param array $typed The form.
 * @return string What to say.
 */
function igny8_bridge_save($typed) {
	$server = esc_url_raw(trim((string) ($typed['igny8_bridge_server'] ?? '')), ['https', 'http']);
	if ($server === '') {
		return __('The address of the server must begin with https://.', 'igny8-bridge');
	}
	update_option('igny8_bridge_server', untrailingslashit($server), false);
	update_option('igny8_bridge_author', (int) ($typed['igny8_bridge_author'] ?? 0), false);
	$key = sanitize_text_field((string) ($typed['igny8_bridge_key'] ?? ''));
	if ($key !== '') {
		update_option('igny8_bridge_key', $key, false);
	}
	return __('Saved.', 'igny8-bridge');
}
